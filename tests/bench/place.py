"""A place for measurements, custosd in it, and a table: for the scripts beside this."""
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
UID = 20001  # custosd lets root read nobody's data, so as root everything runs as this


# --- a place, and custosd in it -------------------------------------------------------------

def make_place(build, where, programs, uid=UID):
    work = pathlib.Path(tempfile.mkdtemp(prefix="custos-bench-", dir=where))
    (work / "bin").mkdir()
    (work / "policies").mkdir()
    for program in programs:
        shutil.copy(build / program, work / "bin")
    for name in ["schema.yaml", "purposes.yaml"]:
        shutil.copy(SOURCE / "policies" / name, work / "policies")
    if os.geteuid() == 0:
        for path in [work, *work.rglob("*")]:
            os.chown(path, uid, uid)
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    os.environ.update(HOME=str(work), USER="bench", LOGNAME="bench", XDG_CACHE_HOME=str(work / "cache"), LC_ALL="C.UTF-8",
                      RESTIC_PASSWORD="bench", BORG_PASSPHRASE="bench", BORG_BASE_DIR=str(work))
    return work


def run(work, *args, **options):
    """A program of ours or a peer's; what it printed."""
    program = work / "bin" / args[0]
    done = subprocess.run([program if program.exists() else args[0], *map(str, args[1:])],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, args))}: status {done.returncode}\n{done.stderr}")
    return done.stdout


def ctl(work, *args):
    return run(work, "custosctl", f"--socket={work}/s", *args)


class Daemon:
    def __init__(self, work, state):
        self.work = work
        log = open(work / "custosd.log", "ab")
        self.process = subprocess.Popen(
            [work / "bin/custosd", f"--state={state}", f"--policies={work}/policies",
             f"--socket={work}/s", f"--intake={work}/bin/custos-intake"], stderr=log)
        log.close()

    def __enter__(self):
        for _ in range(6000):
            if subprocess.run([self.work / "bin/custosctl", f"--socket={self.work}/s", "status"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        sys.exit((self.work / "custosd.log").read_text())

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


# --- what was measured -------------------------------------------------------------------

class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, ours, peer="", ratio="", aim="", is_met=None):
        row = [what, ours, peer, ratio, aim, {True: "yes", False: "**no**", None: ""}[is_met]]
        self.rows.append(row)
        print("  " + " | ".join(cell for cell in row if cell), file=sys.stderr, flush=True)

    def show(self):
        head = ["what", "custos", "peer", "ratio", "aim", "met"]
        widths = [max(len(row[i]) for row in [head, *self.rows]) for i in range(6)]
        for row in [head, ["-" * w for w in widths], *self.rows]:
            print("| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths)) + " |")


def middle(values):
    return statistics.median(values)
