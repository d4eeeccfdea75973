#!/usr/bin/env python3
"""Run the commands of a guide, in order, against a real custosd, and compare what they print.

    run_guide.py [--share=N/M] GUIDE.md PROGRAM...     programs and plugins (*.so), which are copied

What is run are the fenced blocks ```sh.  Words behind `sh`, which no reader of the page sees, say how:

    as=NAME          who types it: one of PEOPLE; root if nothing is said
    typed="TEXT"     what is typed when a command asks; lines are separated by |
    exit=N           it ends with this status, not with 0
    keep=WORD        the last word that it prints stands for WORD from here on
    here="REASON"    it is not run, and why not

A block ```text below it is what is seen: each of its lines is in the output, in this order; between
them there may be more, and … stands for anything.  A comment <!-- test ... --> is run by root where it
stands, also with keep=WORD: what happens to the machine, and what must be true afterwards.  <!-- stage --> begins with a new
machine, where one of them ended with 77 the rest of its stage is not run, for the reason that it printed;
<!-- stage 2026-11-30 --> begins with one whose custosd believes that it is nine o'clock of that day, UTC; `clock 3d`
puts its clock forward.  Variables live on, for each person, till the end of the stage.

A machine is a directory: paths below /etc/custos, /var, /run/custos, /mnt, /media and /srv are meant
there, `systemctl` starts and stops the real custosd and custos-agent (./systemctl), and the users custos
and custos-agent are numbers.  --share=2/3 plays every third stage from the second on.  Exits with 77 where
nobody can be somebody else.
"""
import os
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from calendar import timegm

PEOPLE = {  # uid, gid
    "root": (0, 0),
    "privacy": (20002, 1990),
    "second": (20003, 1990),
    "support": (20005, 1991),
    "app": (1992, 1992),
}
PLACES = re.compile(r"(?<![\w./$}-])/(?=(?:etc/custos|var|run/custos|mnt|media|srv)(?![\w-]))")
HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


class Machine:
    def __init__(self, programs, day):
        self.root = tempfile.mkdtemp(prefix="custos-guide.", dir="/tmp")
        os.chmod(self.root, 0o711)
        for path in ("bin", "bin/plugins", "etc/custos", "var/lib", "var/backups", "run/custos", "mnt",
                     "media", "srv", "people"):
            os.makedirs(self.at(path), exist_ok=True)
        for path in programs:
            shutil.copy(path, self.at("bin/plugins" if path.endswith(".so") else "bin"))
        for name in ("systemctl", "house", "clock"):
            shutil.copy(os.path.join(HERE, name), self.at("bin"))
        shutil.copytree(os.path.join(SOURCE, "policies"), self.at("etc/custos/policies"))
        for path, uid in (("var/backups/custos", 20001), ("run/custos", 20001), ("mnt", 20001)):
            os.makedirs(self.at(path), exist_ok=True)
            os.chown(self.at(path), uid, uid)
        for name, (uid, gid) in PEOPLE.items():
            os.mkdir(self.at("people/" + name), 0o755)
            os.chown(self.at("people/" + name), uid, gid)
        os.symlink(self.at("bin/systemctl"), self.at("bin/journalctl"))
        ahead = timegm(time.strptime(day + " 09", "%Y-%m-%d %H")) - time.time() if day else 0
        with open(self.at("ahead"), "wb") as f:  # custosd reads it whenever it looks at the clock
            f.write(struct.pack("=q", int(ahead * 1000)))
        self.words = {}

    def at(self, path):
        return os.path.join(self.root, path)

    def end(self):
        for name in ("custosd", "custos-agent"):
            try:
                with open(self.at(name + ".pid")) as f:
                    os.kill(int(f.read()), signal.SIGKILL)
            except (OSError, ValueError):
                pass
        subprocess.run(["umount", "--quiet", self.at("var/lib/custos")], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.root, ignore_errors=True)

    def meant(self, text):
        """The text with the places, the users and the kept words of this machine."""
        for word, value in self.words.items():
            text = re.sub(r"\b%s\b" % word, value, text)
        text = PLACES.sub(lambda m: self.root + "/", text)
        return re.sub("custos:custos|-o custos -g custos", self.users, text)

    @staticmethod
    def users(m):
        return "20001:20001" if ":" in m.group() else "-o 20001 -g 20001"

    def run(self, who, script, typed):
        uid, gid = PEOPLE[who]
        home = self.at("people/" + who)
        kept = home + "/.variables"
        whole = "set -euo pipefail\n[ ! -f %s ] || . %s\nset -a\ntrap 'export -p >%s' EXIT\n%s" % (
            kept, kept, kept, self.meant(script))
        env = {"PATH": self.at("bin") + ":" + os.environ["PATH"], "HOME": home, "LC_ALL": "C.UTF-8",
               "TZ": "UTC", "CUSTOS_SOCKET": self.at("run/custos/custos.sock"), "MACHINE": self.root}
        argv = ["bash", "-c", whole]
        if uid:
            argv = ["setpriv", "--reuid=%d" % uid, "--regid=%d" % gid, "--clear-groups"] + argv
        try:
            return subprocess.run(argv, cwd=home, env=env, input=typed, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=120)
        except subprocess.TimeoutExpired as e:
            raise Failed("does not end: %s" % (e.stdout or b"").decode())


def read(path):
    """The steps of a guide: (line, kind, words, text)."""
    steps, inside, start, words, lines = [], None, 0, {}, []
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if inside:
                if line.strip() == ("-->" if inside == "test" else "```"):
                    steps.append((start, inside, words, "\n".join(lines) + "\n"))
                    inside = None
                else:
                    lines.append(line)
                continue
            m = re.match(r"\s*```(\w*)(.*)$", line) or re.match(r"<!-- (test)((?: \w+=\w+)*)$", line)
            if m:
                inside, start, lines = m.group(1) or "text", number, []
                words = dict(w.split("=", 1) for w in shlex.split(m.group(2)))
            elif re.fullmatch(r"<!-- stage( \S+)? -->", line):
                steps.append((number, "stage", {}, line[10:-3].strip()))
    if inside:
        raise Failed("%s:%d: does not end" % (path, start))
    return steps


def is_seen(line, pattern):
    parts = [re.escape(" ".join(p.split())) for p in pattern.split("…")]
    return re.search(".*".join(parts), " ".join(line.split())) is not None


def compare(output, expected):
    lines = iter(output.splitlines())
    for wanted in expected.splitlines():
        if wanted.strip() and not any(is_seen(line, wanted) for line in lines):
            raise Failed("does not print, or not there: %s" % wanted)


def one(machine, kind, words, text):
    """Runs a block; what it printed."""
    for word in words:
        if word not in ("as", "typed", "exit", "keep"):
            raise Failed("%s: no such word" % word)
    typed = machine.meant("".join(t + "\n" for t in words["typed"].split("|"))) if "typed" in words else ""
    ran = machine.run("root" if kind == "test" else words.get("as", "root"), text, typed)
    if kind == "test" and ran.returncode == 77:
        raise Skipped(ran.stdout.strip())
    if ran.returncode != int(words.get("exit", 0)):
        raise Failed("ended with %d and printed:\n%s" % (ran.returncode, ran.stdout))
    if "keep" in words:
        if not ran.stdout.split():
            raise Failed("prints nothing to keep")
        machine.words[words["keep"]] = ran.stdout.split()[-1]
    return ran.stdout


def share_of(steps, share):
    """The steps of every M-th stage, from the N-th on; what stands before the first is of it."""
    nth, of = map(int, share.split("/"))
    stage, chosen = 0, []
    for step in steps:
        stage += step[1] == "stage"
        if stage % of == nth - 1:
            chosen.append(step)
    return chosen


def play(path, programs, share):
    machine, is_over, printed, nrun, skipped, began = None, False, None, 0, [], time.monotonic()
    try:
        for line, kind, words, text in share_of(read(path), share):
            try:
                if kind == "stage" or machine is None:
                    if machine:
                        machine.end()
                    machine, is_over = Machine(programs, text if kind == "stage" else ""), False
                if is_over:
                    continue
                if kind == "text" and printed is not None:
                    compare(printed, machine.meant(text))
                printed = None
                if kind == "sh" and "here" in words:
                    skipped.append((line, words["here"]))
                elif kind in ("sh", "test"):
                    printed = one(machine, kind, words, text)
                    nrun += kind == "sh"
                    if os.environ.get("VERBOSE"):
                        print("%s:%d: after %.1f s:\n%s%s" % (path, line, time.monotonic() - began, text,
                                                          printed), flush=True)
            except Skipped as e:
                skipped.append((line, "from here to the next stage: %s" % e))
                is_over = True
            except Failed as e:
                log = machine.at("custosd.log")
                tail = open(log, errors="replace").read()[-3000:] if os.path.exists(log) else ""
                raise Failed("%s:%d: %s\n%s\n--- custosd's log ends so:\n%s" % (path, line, e, text, tail))
    finally:
        if machine:
            machine.end()
    for line, reason in skipped:
        print("%s:%d: not run: %s" % (path, line, reason))
    print("%s: %d blocks run, %d not, %.1f s" % (path, nrun, len(skipped), time.monotonic() - began))
    if nrun == 0:
        raise Failed("%s: nothing to run" % path)


def main(argv):
    share = "1/1"
    if argv and argv[0].startswith("--share="):
        share = argv.pop(0)[8:]
    if len(argv) < 2:
        sys.exit(__doc__)
    if os.geteuid() != 0:
        print("skipped: a guide has several people in it, and only root can be each of them")
        sys.exit(77)
    try:
        play(argv[0], argv[1:], share)
    except Failed as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main(sys.argv[1:])
