#!/usr/bin/env python3
"""A client of custosd in Python, of the standard library alone.

    custos.py check PURPOSE < ids        may I use this person's data? "ID yes" or "ID no", a line each
    custos.py record PURPOSE COLLECTION < key   one record, as JSON

An empty line asks what was read so far.  $CUSTOS_SOCKET is the socket.  Exits with 0, or with 1 and why.
"""
import json
import os
import socket
import sys
import time

WINDOW = 64  # calls under way at once: more would only wait in the socket
TRIES = 8    # 0.1 s, 0.2 s, ... between them: custosd may be starting


class CustosError(Exception):
    """What custosd answers instead: name is "io.custos.Denied" and the like."""

    def __init__(self, name, parameters):
        super().__init__("%s: %s" % (name, parameters.get("message", "")))
        self.name, self.parameters = name, parameters


class Custos:
    """One connection, made when it is needed, and again when it was lost.  Not for two threads at once."""

    def __init__(self, path=None):
        self.path = path or os.environ.get("CUSTOS_SOCKET", "/run/custos/custos.sock")
        self.stream = None

    def connect(self):
        for i in range(TRIES):
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(self.path)
                self.stream = s.makefile("rwb")
                s.close()  # the stream keeps it
                return
            except (FileNotFoundError, ConnectionRefusedError):
                s.close()
                if i == TRIES - 1:
                    raise
                time.sleep(0.1 * 2 ** i)

    def forget(self):
        try:
            self.stream.close()
        except OSError:
            pass  # what was not sent yet
        self.stream = None

    def exchange(self, calls):
        """Sends all, then reads a reply to each, in their order: Varlink, JSON ended by NUL."""
        if self.stream is None:
            self.connect()
        for method, parameters in calls:
            call = {"method": method, "parameters": parameters}
            self.stream.write(json.dumps(call).encode() + b"\0")
        self.stream.flush()
        return [self.read_reply() for _ in calls]

    def read_reply(self):
        text = bytearray()
        while not text.endswith(b"\0"):
            byte = self.stream.read(1)  # from the stream's buffer
            if not byte:
                raise ConnectionResetError("custosd closed the connection")
            text += byte
        return json.loads(text[:-1])

    def call_many(self, calls):
        """Replies to reading calls, which may be asked twice: a lost connection is made once more.
        A call that writes needs a `request` id to be repeated without being done twice."""
        replies = []
        for i in range(0, len(calls), WINDOW):
            some = calls[i:i + WINDOW]
            try:
                replies += self.exchange(some)
            except OSError:
                self.forget()
                replies += self.exchange(some)
        return replies

    def call(self, method, **parameters):
        reply, = self.call_many([(method, parameters)])
        if "error" in reply:
            raise CustosError(reply["error"], reply.get("parameters", {}))
        return reply["parameters"]

    def may_use(self, purpose, subjects):
        """For each id True or False.  Nobody of that id: False, since nothing may be done with nobody's data."""
        calls = [("io.custos.consent.Check", {"subject": s, "purpose": purpose, "explain": False})
                 for s in subjects]
        for reply in self.call_many(calls):
            if reply.get("error") == "io.custos.NotFound":
                yield False
            elif "error" in reply:
                raise CustosError(reply["error"], reply.get("parameters", {}))
            else:
                yield reply["parameters"]["allowed"]


def check(custos, purpose):
    ids = []
    for line in iter(sys.stdin.readline, ""):
        if line.strip():
            ids.append(line.strip())
        else:
            say(custos, purpose, ids)
            ids = []
    say(custos, purpose, ids)


def say(custos, purpose, ids):
    for subject, may in zip(ids, custos.may_use(purpose, ids)):
        print(subject, "yes" if may else "no", flush=True)


def main(words):
    custos = Custos()
    if len(words) == 2 and words[0] == "check":
        check(custos, words[1])
    elif len(words) == 3 and words[0] == "record":
        key = sys.stdin.readline().strip()  # a customer's number, perhaps: not for a list of processes
        reply = custos.call("io.custos.record.Get", purpose=words[1], by="key", collection=words[2],
                            key=key)
        print(json.dumps(reply["record"], ensure_ascii=False))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (CustosError, OSError) as why:
        sys.exit("custos.py: %s" % why)
