#!/usr/bin/env python3
"""in_memory.py PID DIRECTORY TEXT: how many needles are in the memory of a process.

The needles are TEXT, and every 16 bytes of every file below DIRECTORY; either may be empty.
"""
import os
import sys

pid, directory, text = sys.argv[1:4]
needles = {text.encode()} if text else set()
if directory:
    for where, _, names in os.walk(directory):
        for name in names:
            with open(os.path.join(where, name), "rb") as f:
                data = f.read()
            needles |= {data[i:i + 16] for i in range(0, len(data) - 15, 16)}
    with open(f"/proc/{pid}/exe", "rb") as f:
        program = f.read()
    # not zeros, nor padding, nor a sentence that stands in the program
    needles = {n for n in needles if len(set(n)) > 4 and n not in program}
    if not needles:
        sys.exit("no needles")

found = set()
with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
    for line in maps:
        fields = line.split()
        begin, end = (int(x, 16) for x in fields[0].split("-"))
        if "r" not in fields[1] or end - begin > 1 << 28 or begin >= 1 << 47:
            continue  # what a sanitizer reserves
        try:
            mem.seek(begin)
            data = mem.read(end - begin)
        except (OSError, ValueError):
            continue
        found |= {n for n in needles if n in data}
print(len(found))
