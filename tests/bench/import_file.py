#!/usr/bin/env python3
"""import_file.py wide|narrow MIB: a CSV file of about that size, on standard output."""
import sys

shape, size = sys.argv[1], int(sys.argv[2]) << 20
out, done, n = sys.stdout.buffer, 0, 0
if shape == "wide":
    out.write(b"customer,number,date,items,note\n")
    items = ("0123456789 abcde" * 1024)[:16000]
    note = ("some words and a comma, " * 200)[:4000]
    while done < size:
        row = f'c{n},o{n},2026-{n % 12 + 1:02}-{n % 28 + 1:02},{items},"{note}"\n'.encode()
        out.write(row)
        done += len(row)
        n += 1
else:
    out.write(b"customer_id,date,number_of_cds,dollar_value\n")
    while done < size:
        rows = "".join(
            f"{i // 10},2026{i % 12 + 1:02}{i % 28 + 1:02},{i % 9 + 1},{i % 5000}.{i % 100:02}\n"
            for i in range(n, n + 1000)).encode()
        out.write(rows)
        done += len(rows)
        n += 1000
