#!/usr/bin/python3
"""check_report.py TEXT JSON CSV: do the forms of a report of compliance tell the same?

JSON is the measure.  Every figure must be in the CSV, and every row of numbers and days
in the text, in its order.  Prints the figures of the summary, one a line.
"""
import csv, json, sys


def rows(table):
    return [table] if isinstance(table, dict) else table


def tables(report):
    return {k: v for k, v in report.items() if isinstance(v, (dict, list))}


def check_csv(report, path):
    with open(path, newline="", encoding="ascii") as f:
        lines = list(csv.reader(f))
    assert lines[0] == ["table", "row", "figure", "value"]
    want = [[name, str(i), key, "" if value is None else str(value)]
            for name, table in tables(report).items()
            for i, row in enumerate(rows(table), 1) for key, value in row.items()]
    assert lines[1:] == want, "the CSV is not the JSON"


def numbers(row):
    return [str(v) for v in row.values() if isinstance(v, int)]


def check_text(report, path):
    with open(path, encoding="utf-8") as f:
        blocks = f.read().split("\n\n")[1:]
    assert len(blocks) == len(tables(report)), "the text has other tables"
    for block, (name, table) in zip(blocks, tables(report).items()):
        lines = block.rstrip("\n").split("\n")[1:]
        if isinstance(table, dict):
            values = [line[2:].split("  ")[-1].split() for line in lines]
            shown = [v[-1] for v in values if v and v[-1].isdigit()]
            assert shown == numbers(table), f"{name}: {shown}"
        else:
            for line, row in zip(lines[1:], table):
                words = line.split()
                at = 0
                for n in numbers(row):
                    assert n in words[at:], f"{name}: {n} is not in: {line}"
                    at = words.index(n, at) + 1
            assert len(lines) == (len(table) + 1 if table else 1), f"{name}: {len(lines)} lines"


def main():
    with open(sys.argv[2], encoding="ascii") as f:
        report = json.load(f)
    assert report["format"] == "custos report of compliance" and report["version"] == 1
    check_csv(report, sys.argv[3])
    check_text(report, sys.argv[1])
    for key, value in report["summary"].items():
        print(key, value)


main()
