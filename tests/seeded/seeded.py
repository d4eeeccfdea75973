#!/usr/bin/env python3
"""Defects that are put into custos on purpose, to see whether the labs see them.

    seeded.py check                every defect still fits its source: exactly one place
    seeded.py make N DIR           writes the source with defect N; prints "source made"
    seeded.py run BUILD [N...]     builds each, runs the lab that must see it, prints the recall:
                                   in two trees at a time, below BUILD

*.bugs has the defects. One is a heading, the source, the ctest that must fail, and lines as in a
patch: those with '-' or a blank stand in the source exactly once, those with '+' or a blank then.

    bug 7  a root block is not synced before it counts
    in daemon/vault/root.c
    seen by test_shred_faults
    -	if (r == 0 && fdatasync(files->fd[copy]) < 0) {
    +	if (r == 0 && files->fd[copy] < 0) {
"""
import concurrent.futures
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FEWEST = 40
TREES = 2  # built and played in at a time


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


def quietly(command, timeout=None):
    """Its status and what it said; without one when it took longer, and was ended with all it began."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          start_new_session=True, env=dict(os.environ, CCACHE_NOHASHDIR="1")) as program:
        try:
            said, _ = program.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            return None, program.communicate()[0]
    return program.returncode, said


def build_with(tree, number, targets):
    """number 0: no defect.  With assertions, and quickly."""
    configure = ["cmake", "-S", ROOT, "-B", tree, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                 "-DCMAKE_C_FLAGS_DEBUG=-O1 -w", f"-DCUSTOS_BUG={number}"]
    if shutil.which("ccache"):
        configure.append("-DCMAKE_C_COMPILER_LAUNCHER=ccache")
    for command in (configure, ["cmake", "--build", tree, "-j2", "--target", *targets]):
        code, said = quietly(command)
        if code != 0:
            raise SystemExit(f"bug {number} does not build:\n{said[-3000:]}")


def play(tree, lab, timeout=None):
    """Did the lab fail; what it said; seconds."""
    began = time.monotonic()
    code, said = quietly(["ctest", "--test-dir", tree, "-R", f"^{re.escape(lab)}$", "--no-tests=error",
                          "--output-on-failure"], timeout)
    return code != 0, said, time.monotonic() - began


class Run:
    """Bugs that wait, taken by as many threads as there are trees."""

    def __init__(self, build, chosen):
        self.trees = [os.path.join(build, str(n)) for n in range(1, TREES + 1)]
        self.chosen = chosen
        self.labs = sorted({bug.lab for bug in chosen})
        self.programs = {}
        self.clean = {}  # lab -> seconds without a bug
        self.seen = {}   # number -> bool

    def take(self, things, work):
        """work(tree, thing) for each, a tree at a time; whatever it raises is raised."""
        waiting = queue.SimpleQueue()
        for thing in things:
            waiting.put(thing)

        def empty(tree):
            while True:
                try:
                    thing = waiting.get_nowait()
                except queue.Empty:
                    return
                work(tree, thing)

        with concurrent.futures.ThreadPoolExecutor(len(self.trees)) as threads:
            for done in [threads.submit(empty, tree) for tree in self.trees]:
                done.result()

    def prepare(self):
        """One tree after the other: what the second compiles the first has, where there is a ccache."""
        for tree in self.trees:
            build_with(tree, 0, ["custosctl"])
            self.programs = programs_of(tree)
            missing = [lab for lab in self.labs if lab not in self.programs]
            if missing:
                raise SystemExit(f"no ctest is called {missing[0]}")
            build_with(tree, 0, sorted({self.programs[lab] for lab in self.labs}))

    def play_clean(self, tree, lab):
        failed, said, self.clean[lab] = play(tree, lab)
        if failed:
            raise SystemExit(f"{lab} fails without any seeded bug:\n{said[-3000:]}")

    def play_bug(self, tree, bug):
        began = time.monotonic()
        build_with(tree, bug.number, [self.programs[bug.lab]])
        # one that never ends any more is seen, too
        seen, _, _ = play(tree, bug.lab, 30 + 5 * self.clean[bug.lab])
        self.seen[bug.number] = seen
        print(f"bug {bug.number:2}  {'seen    ' if seen else 'NOT SEEN'} {time.monotonic() - began:4.0f} s  "
              f"{bug.lab}: {bug.what}", flush=True)

    def all(self):
        began = time.monotonic()
        self.prepare()
        print(f"{len(self.labs)} labs are built, {time.monotonic() - began:.0f} s", flush=True)
        self.take(self.labs, self.play_clean)
        print(f"each passes without a bug, {time.monotonic() - began:.0f} s", flush=True)
        # those of one lab after the other: less is built anew
        self.take(sorted(self.chosen, key=lambda bug: (bug.lab, bug.source)), self.play_bug)
        print(f"recall: {sum(self.seen.values())} of {len(self.chosen)}, {time.monotonic() - began:.0f} s")
        return 0 if all(self.seen.values()) else 1


def run(build, wanted):
    bugs = load()
    return Run(build, [bugs[n] for n in wanted] if wanted else list(bugs.values())).all()


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
