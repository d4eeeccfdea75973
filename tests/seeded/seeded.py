#!/usr/bin/env python3
"""Defects that are put into custos on purpose, to see whether the labs see them.

    seeded.py check                every defect still fits its source: exactly one place
    seeded.py make N DIR           writes the source with defect N; prints "source made"
    seeded.py run BUILD [N...]     builds each, runs the lab that must see it, prints the recall

*.bugs has the defects. One is a heading, the source, the ctest that must fail, and lines as in a
patch: those with '-' or a blank stand in the source exactly once, those with '+' or a blank then.

    bug 7  a root block is not synced before it counts
    in daemon/vault/root.c
    seen by test_shred_faults
    -	if (r == 0 && fdatasync(files->fd[copy]) < 0) {
    +	if (r == 0 && files->fd[copy] < 0) {
"""
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FEWEST = 40


class Bug:
    def __init__(self, number, what, place):
        self.number, self.what, self.place = number, what, place
        self.source = self.lab = None
        self.old, self.new = [], []

    def seed(self):
        """The source's text with the defect in it."""
        with open(os.path.join(ROOT, self.source), encoding="utf-8") as f:
            text = f.read()
        old, new = "".join(self.old), "".join(self.new)
        if not old or old == new:
            raise SystemExit(f"{self.place}: bug {self.number}: changes nothing")
        if text.count(old) != 1:
            raise SystemExit(f"{self.place}: bug {self.number}: its lines stand {text.count(old)} times "
                             f"in {self.source}, not once: write it anew for what the source says now")
        return text.replace(old, new)


def read_line(bug, line, place):
    if line[0] == "-":
        bug.old.append(line[1:])
    elif line[0] == "+":
        bug.new.append(line[1:])
    elif line[0] == " ":
        bug.old.append(line[1:])
        bug.new.append(line[1:])
    elif line.startswith("in "):
        bug.source = line[3:].strip()
    elif line.startswith("seen by "):
        bug.lab = line[8:].strip()
    else:
        raise SystemExit(f"{place}: '{line.strip()}': expected 'in', 'seen by', '-', '+' or a blank")


def load():
    """All defects, by number."""
    bugs = {}
    for name in sorted(os.listdir(HERE)):
        if not name.endswith(".bugs"):
            continue
        bug = None
        with open(os.path.join(HERE, name), encoding="utf-8") as f:
            for at, line in enumerate(f, 1):
                place = f"tests/seeded/{name}:{at}"
                head = re.match(r"bug (\d+)  (.+)", line)
                if head:
                    bug = Bug(int(head[1]), head[2].strip(), place)
                    if bug.number in bugs:
                        raise SystemExit(f"{place}: there is a bug {bug.number} already")
                    bugs[bug.number] = bug
                elif line != "\n" and line[0] != "#":
                    read_line(bug, line, place)
    return dict(sorted(bugs.items()))


def programs_of(build):
    """The ctests of a build tree, built or not: name -> the program."""
    programs = {}
    for at, _, names in os.walk(os.path.join(build, "tests")):
        if "CTestTestfile.cmake" in names:
            with open(os.path.join(at, "CTestTestfile.cmake"), encoding="utf-8") as f:
                found = re.findall(r'^add_test\((?:\[=\[)?([^\s\]]+)(?:\]=\])? "([^"]+)"', f.read(), re.M)
            programs.update((name, os.path.basename(path)) for name, path in found)
    return programs


def check():
    bugs = load()
    for bug in bugs.values():
        if not bug.source or not bug.lab:
            raise SystemExit(f"{bug.place}: bug {bug.number}: says not where it is, or who sees it")
        bug.seed()
    if len(bugs) < FEWEST or list(bugs) != list(range(1, len(bugs) + 1)):
        raise SystemExit(f"tests/seeded: {len(bugs)} bugs: expected {FEWEST} and more, numbered from 1")
    print(f"{len(bugs)} seeded bugs fit their sources")


def make(number, to):
    bug = load()[number]
    path = os.path.join(to, str(number), os.path.basename(bug.source))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    text = bug.seed()
    with open(path, "w", encoding="utf-8") as f:
        f.write(f'#line 1 "{os.path.join(ROOT, bug.source)}"\n{text}')
    print(bug.source, path)


def quietly(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def build_with(build, number, target):
    """number 0: no defect."""
    for command in (["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                     f"-DCUSTOS_BUG={number}"],
                    ["cmake", "--build", build, "--target", target]):
        code, said = quietly(command)
        if code != 0:
            raise SystemExit(f"bug {number} does not build:\n{said[-3000:]}")


def lab_fails(build, lab):
    code, said = quietly(["ctest", "--test-dir", build, "-R", f"^{re.escape(lab)}$", "--no-tests=error",
                          "--output-on-failure", "--timeout", "900"])
    return code != 0, said


def run(build, wanted):
    bugs = load()
    chosen = [bugs[n] for n in wanted] if wanted else list(bugs.values())
    build_with(build, 0, "custosctl")
    programs = programs_of(build)
    for lab in sorted({bug.lab for bug in chosen}):
        build_with(build, 0, programs[lab])
        failed, said = lab_fails(build, lab)
        if failed:
            raise SystemExit(f"{lab} fails without any seeded bug:\n{said[-3000:]}")
    nseen = 0
    for bug in chosen:
        began = time.monotonic()
        build_with(build, bug.number, programs[bug.lab])
        seen, _ = lab_fails(build, bug.lab)
        nseen += seen
        print(f"bug {bug.number:2}  {'seen    ' if seen else 'NOT SEEN'} {time.monotonic() - began:4.0f} s  "
              f"{bug.lab}: {bug.what}", flush=True)
    build_with(build, 0, "custosctl")
    print(f"recall: {nseen} of {len(chosen)}")
    return 0 if nseen == len(chosen) else 1


def main(argv):
    if argv[1:] == ["check"]:
        return check()
    if len(argv) == 4 and argv[1] == "make":
        return make(int(argv[2]), argv[3])
    if len(argv) >= 3 and argv[1] == "run":
        return run(argv[2], [int(n) for n in argv[3:]])
    print(__doc__, file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main(sys.argv))
