#!/usr/bin/env python3
"""docs/law names only commands, files and tests that exist: law_map.py SOURCE_DIR."""
import os
import re
import sys

root = sys.argv[1]


def read(path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


commands = set(re.findall(r'^X\([A-Z_]+, "([a-z -]+)"', read("daemon/wire/commands.h"), re.M))
tests = set()
for at, _, names in os.walk(os.path.join(root, "tests")):
    for name in names:
        if name.endswith(".c"):
            text = read(os.path.relpath(os.path.join(at, name), root))
            tests |= set(re.findall(r"^static void (\w+)\(void \*\*state\)", text, re.M))

faults = []
ntests = ncommands = 0
for law in sorted(os.listdir(os.path.join(root, "docs/law"))):
    for number, line in enumerate(read("docs/law/" + law).splitlines(), 1):
        cells = line.split(" | ")
        if law == "README.md" or len(cells) != 4 or line.startswith(("|---", "| article")):
            continue
        for name in re.findall(r"`([^`]+)`", cells[2]):
            ncommands += name in commands
            if not (name in commands or name.startswith("--") or name == "access_journal" or
                    os.path.exists(os.path.join(root, name))):
                faults.append(f"docs/law/{law}:{number}: there is no command or file '{name}'")
        named = re.findall(r"`([^`]+)`", cells[3])
        ntests += len(named)
        if not named and "gap" not in cells[2]:
            faults.append(f"docs/law/{law}:{number}: no test, and it does not say that this is a gap")
        faults += [f"docs/law/{law}:{number}: there is no test '{name}'" for name in named
                   if name not in tests]

print(f"{ncommands} commands, {ntests} tests named")
for fault in faults:
    print(fault)
sys.exit(1 if faults or ncommands < 20 or ntests < 40 else 0)
