#!/usr/bin/env python3
"""README.zh-CN.md says what README.md says: readme_zh.py SOURCE_DIRECTORY

Section by section both have the same commands in their blocks, the same code in their sentences, the
same links and the same number of rows in tables.  What one has and the other lacks is printed.
"""
import collections
import re
import sys


def sections(path):
    """(level, heading, lines) of each, in order; code blocks are not searched for headings."""
    parts, current = [], None
    for line in open(path, encoding="utf-8"):
        m = re.match(r"(#+) (.*)", line)
        if m:
            current = (len(m.group(1)), m.group(2).strip(), [])
            parts.append(current)
        elif current:
            current[2].append(line.rstrip("\n"))
    return parts


def facts(lines):
    """What a translation keeps, with how often it stands there."""
    found = collections.Counter()
    for line in lines:
        if line.startswith("    "):
            m = re.search(r"\$ (.*?)(?:\s{2,}#.*)?$", line) or re.match(r"    (\./dev \w+)", line)
            if m:
                found["command: " + m.group(1).strip()] += 1
            continue
        if line.startswith("|"):
            found["rows of tables"] += 1
        for code in re.findall(r"`([^`]+)`", line):
            found["code: " + code] += 1
        for link in re.findall(r"\]\(([^)]+)\)", line):
            if not link.startswith("README"):
                found["link: " + link] += 1
    return found


def main():
    english, chinese = (sections(sys.argv[1] + "/" + name) for name in ("README.md", "README.zh-CN.md"))
    faults = []
    if [s[0] for s in english] != [s[0] for s in chinese]:
        faults.append("the sections are not the same: %d in English, %d in Chinese" % (len(english), len(chinese)))
    for (_, heading, lines), (_, title, others) in zip(english, chinese) if not faults else ():
        a, b = facts(lines), facts(others)
        for fact in sorted((a - b) + (b - a)):
            faults.append("%s (%s): %s: %d in English, %d in Chinese" % (heading, title, fact, a[fact], b[fact]))
    for fault in faults:
        print("README.zh-CN.md: " + fault)
    print("README.zh-CN.md: %d sections, faults: %d" % (len(chinese), len(faults)))
    sys.exit(1 if faults or not chinese else 0)


main()
