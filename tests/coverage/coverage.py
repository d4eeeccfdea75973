#!/usr/bin/env python3
"""Which branches of the counted layers were taken: a table, and a list of those that never were.

    coverage.py BUILD [FILE]

BUILD is a build with -DCUSTOS_COVERAGE=ON whose tests have run (./dev coverage); the list goes to FILE
(BUILD/untaken).  gcov reads the counts of each user (where.c), and they are added up here.

A branch is a way out of a condition, as the compiler sees it.  What asserts is left out, since it must not
happen.  Those never taken are sorted by what stands in their line:

    memory   there was none
    errors   what was called failed, and that is passed on: the disk, SQLite, libsodium, the kernel
    rest     anything else: to be read
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
MEMORY = re.compile(r"CU_ENOMEM|\b[mc]alloc\(|\brealloc\(|strdup\(|buf_check\(|buf_room\(|is_failed|out of memory|no memory")
ERRORS = re.compile(r"\b(r|code|n|rc|fd|flushed)\b\s*(<|!=|==|>=|>)\s*(0|SQLITE_\w+)\b|\bif \(r\)|\) < 0|\) != 0|== -1|errno|\berr\b|\) == 0")


def gcov(gcda):
    """What gcov says of one file of counts, or nothing."""
    p = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", gcda],
                       capture_output=True, text=True, check=False)
    return json.loads(p.stdout) if p.stdout.strip() else {"files": []}


def link_notes(data, build):
    """Puts the compiler's notes beside each file of counts: gcov looks for them there."""
    found = []
    for gcda in sorted(data.glob("*/**/*.gcda")):
        user = gcda.relative_to(data).parts[0]
        gcno = pathlib.Path("/") / gcda.relative_to(data / user).with_suffix(".gcno")
        link = gcda.with_suffix(".gcno")
        if gcno.exists():
            if not link.exists():
                link.symlink_to(gcno)
            found.append(gcda)
    return found


class Coverage:
    """Counts by file, line and number of the branch in it."""

    def __init__(self):
        self.branches = collections.defaultdict(int)
        self.lines = collections.defaultdict(int)
        self.functions = {}

    def add(self, report):
        for f in report["files"]:
            path = pathlib.Path(f["file"])
            if not path.is_absolute():
                path = pathlib.Path(report.get("current_working_directory", "/")) / path
            path = pathlib.Path(os.path.normpath(path))
            if SOURCE not in path.parents or path.suffix != ".c":
                continue
            name = str(path.relative_to(SOURCE / "daemon"))
            for line in f["lines"]:
                self.lines[name, line["line_number"]] += line["count"]
                self.functions[name, line["line_number"]] = line.get("function_name", "")
                for i, b in enumerate(line["branches"]):
                    self.branches[name, line["line_number"], i] += b["count"]


def text_of(cache, name, number):
    """The line, and those around it that belong to its condition."""
    if name not in cache:
        cache[name] = (SOURCE / "daemon" / name).read_text().split("\n")
    return cache[name][number - 1].strip() if number <= len(cache[name]) else ""


def kind_of(cache, name, number):
    line = text_of(cache, name, number)
    near = line + " " + text_of(cache, name, number + 1)
    if "assert(" in line:
        return "assert"
    if MEMORY.search(near):
        return "memory"
    if ERRORS.search(line):
        return "errors"
    return "rest"


def main(argv):
    build = pathlib.Path(argv[1]).resolve()
    out = pathlib.Path(argv[2]) if len(argv) > 2 else build / "untaken"
    counts = link_notes(build / "data", build)
    c = Coverage()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for report in pool.map(gcov, counts):
            c.add(report)
    if not c.branches:
        sys.exit("coverage: no counts below %s/data: have the tests of this build run?" % build)

    cache = {}
    table = collections.defaultdict(collections.Counter)
    untaken = collections.defaultdict(list)
    for (name, number, i), count in sorted(c.branches.items()):
        kind = kind_of(cache, name, number)
        if kind == "assert":
            continue
        row = table[name]
        row["all"] += 1
        row["taken"] += count > 0
        if count == 0:
            row[kind] += 1
            untaken[kind].append((name, number, i))

    print("%-34s %8s %8s %7s %8s %8s %8s" % ("", "branches", "taken", "", "memory", "errors", "rest"))
    folders = collections.defaultdict(collections.Counter)
    for name, row in table.items():
        folders[folder(name)].update(row)
    for one in sorted(folders):
        print_row(one, folders[one])
        for name in sorted(n for n in table if folder(n) == one):
            print_row("  " + name, table[name])
    total = collections.Counter()
    for row in folders.values():
        total.update(row)
    print_row("all", total)

    with out.open("w") as f:
        for kind in ("rest", "errors", "memory"):
            lines = collections.Counter((name, number) for name, number, _ in untaken[kind])
            f.write("\n# %s: %d branches in %d lines\n" % (kind, len(untaken[kind]), len(lines)))
            for (name, number), n in sorted(lines.items()):
                ran = "" if c.lines[name, number] else "  (the line never runs)"
                f.write("%s:%d: %s%s\n" % (name, number, text_of(cache, name, number), ran))
    print("\nnever taken, by line: %s" % out)


def folder(name):
    layer = name.split("/")[0]
    return layer if layer in ("vault", "ledger", "backup", "privacy") else "access"


def print_row(name, row):
    print("%-34s %8d %8d %6.1f%% %8d %8d %8d" % (name, row["all"], row["taken"],
          100 * row["taken"] / max(row["all"], 1), row["memory"], row["errors"], row["rest"]))


if __name__ == "__main__":
    main(sys.argv)
