#!/usr/bin/env python3
"""Makes the seed corpora of tests/fuzz, in tests/fuzz/corpus.

    tests/fuzz/make_corpus.py BINDIR

BINDIR has custosd and custosctl: manifests, identities and leaves are those of a store that
is made for it.  Inputs that once failed ("found-...") are not touched.
"""
import glob, json, os, struct, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "data")


def put(target, name, content):
    directory = os.path.join(HERE, "corpus", target)
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, name), "wb") as f:
        f.write(content)


def read(path):
    with open(path, "rb") as f:
        return f.read()


# --- what people say to custosd ------------------------------------------------------------

SUBJECT = "subjectsubjectsubjectsubject0000"
WHY = {"purpose": "customer_service"}
MAIL = {"purpose": "marketing_email"}
PERSON = [{"collection": "contact_point", "fields": {"email": "ada@example.org"}},
          {"collection": "profile", "fields": {"given_name": "Ada", "birth_date": "1815-12-10"}}]
CALLS = {
    "info": ("org.varlink.service.GetInfo", {}, 0),
    "description": ("org.varlink.service.GetInterfaceDescription",
                    {"interface": "io.custos.subject"}, 0),
    "status": ("io.custos.Status", {}, 0),
    "init": ("io.custos.Init", {}, 1),
    "policy": ("io.custos.PolicyCheck", {}, 0),
    "add": ("io.custos.subject.Add", {**WHY, "kind": "person", "records": PERSON,
                                      "request": "00112233445566778899aabbccddeeff"}, 0),
    "get": ("io.custos.subject.Get", {**WHY, "subject": SUBJECT, "collections": ["profile"],
                                      "fields": ["given_name"]}, 0),
    "update": ("io.custos.subject.Update", {**WHY, "subject": SUBJECT, "collection": "profile",
                                            "fields": {"family_name": "Lovelace"}}, 0),
    "search": ("io.custos.subject.Search", {**WHY, "by": "email", "value": "ada@example.org"}, 0),
    "consent": ("io.custos.consent.Give", {**MAIL, "subject": SUBJECT, "method": "checkbox",
                                           "language": "en", "expires": "2027-01-01",
                                           "evidence": "ticked", "source": "web"}, 0),
    "withdraw": ("io.custos.consent.Withdraw", {**MAIL, "subject": SUBJECT}, 0),
    "object": ("io.custos.consent.Object", {"purpose": "analytics", "subject": SUBJECT}, 0),
    "consents": ("io.custos.consent.List", {**WHY, "subject": SUBJECT, "evidence": True}, 0),
    "may": ("io.custos.consent.Check", {**MAIL, "subject": SUBJECT, "explain": True}, 0),
    "filter": ("io.custos.consent.Filter", {**MAIL, "subjects": [SUBJECT, "0" * 31 + "1"]}, 0),
    "restrict": ("io.custos.subject.Restrict", {**WHY, "subject": SUBJECT, "reason": "why"}, 0),
    "ropa": ("io.custos.report.Ropa", {}, 0),
    "import": ("io.custos.data.Import", {**WHY, "map": read(
        os.path.join(HERE, "..", "..", "demo", "chinook-customers.yaml")).decode()}, 1),
    "export": ("io.custos.data.Export", {**WHY, "collections": ["profile"]}, 1),
    "erase": ("io.custos.erase.Run", {"purpose": "erasure_request", "subject": SUBJECT,
                                      "now": True}, 0),
    "backup": ("io.custos.backup.Run", {"target": "local"}, 0),
    "list": ("io.custos.backup.List", {}, 0),
    "check": ("io.custos.backup.Check", {"read_data": True}, 0),
    "show": ("io.custos.log.Show", {"from": 0, "count": 10}, 0),
    "prove": ("io.custos.log.Prove", {"index": 1}, 0),
    "verify": ("io.custos.log.Verify", {}, 0),
    "checkpoint": ("io.custos.log.Checkpoint", {}, 0),
    "unknown": ("io.custos.subject.Nothing", {"a": [1, 2.5, None, True, "\u00fc"]}, 0),
}


def frame(method, parameters, **flags):
    return json.dumps({"method": method, "parameters": parameters, **flags}).encode() + b"\0"


def make_calls():
    for name, (method, parameters, with_fd) in CALLS.items():
        more = {"more": True} if name in ("backup", "check", "export", "import", "erase") else {}
        one = frame(method, parameters, **more)
        put("dispatch", name, bytes([with_fd]) + one)
        put("frame", name, bytes([7]) + one)
    put("dispatch", "pipelined", b"\0" + b"".join(
        frame(*CALLS[n][:2]) for n in ("add", "search", "get", "update", "get", "verify")))
    put("dispatch", "consented", b"\0" + b"".join(
        frame(*CALLS[n][:2]) for n in ("add", "consent", "may", "withdraw", "may", "consents",
                                       "object", "restrict", "get")))
    for name, first, names in (("steps", 2, ("add", "search", "get", "update", "get", "verify")),
                               ("steps-of-two", 2 | 8, ("add", "erase", "get", "consents", "erase"))):
        put("dispatch", name, bytes([first]) + b"".join(frame(*CALLS[n][:2]) for n in names))
    put("dispatch", "oneway", b"\0" + frame(*CALLS["add"][:2], oneway=True) +
        frame(*CALLS["status"][:2]))
    put("frame", "error", b"\1" + json.dumps(
        {"error": "io.custos.NotFound", "parameters": {"message": "gone"}}).encode() + b"\0")
    put("frame", "reply", b"\1" + json.dumps(
        {"parameters": {"progress": "rows"}, "continues": True}).encode() + b"\0{}\0")
    put("frame", "deep", b"\3" + b"[" * 40 + b"]" * 40 + b"\0")
    put("frame", "string", b"\2" + b'{"a":"\\"{\\\\","b":"\\u0000"}\0' * 3)


# --- what people type ----------------------------------------------------------------------

def make_lines():
    for name, line in (
            ("get", "subject get 00112233445566778899AABBCCDDEEFF --purpose=customer_service"),
            ("search", "subject search --by email --purpose customer_service --json"),
            ("erase", "erase 00112233445566778899aabbccddeeff --purpose=erasure_request --now"),
            ("help", "help backup run"), ("help-of", "backup --help"), ("version", "--version"),
            ("ended", "subject get -- --purpose"), ("mistyped", "bakcup rnu --traget=local")):
        put("commands", name, b"\0" + b"".join(w.encode() + b"\0" for w in line.split()))
    put("commands", "chinese", b"\1request\0open\0--type=access\0--received=2026-02-30\0")


def make_idl():
    put("idl", "small", b"# of all\ninterface a.b-c.d\n\n# a type\ntype T (\n  # a field\n  a: int,\n"
        b"  b: ?[]T, c: [string](x, y))\nmethod M(t: T) -> (o: object, v: any)\nerror E (f: float)\n")
    put("idl", "blanks", "\ufeffinterface a.b\u2028method\u00a0M\u3000() -> ()\r\ntype T (a: M)".encode())
    put("idl", "deep", b"interface a.b\ntype T (a: " + b"(a: " * 15 + b"int" + b")" * 16)
    put("idl", "endless", b"interface a.b\ntype T (t: T)\nmethod M(t: T) -> ()\n")


# --- what proves -----------------------------------------------------------------------------

ORIGIN = b"custos/5d0c1f2e3a4b5c6d7e8f9a0b1c2d3e4f"  # tests/unit/verify/verify_help.h
HEAD = ORIGIN + b"\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"


def make_proofs():
    put("checkpoint", "signed", b"\1" + HEAD)
    put("checkpoint", "extended", b"\1" + HEAD + b"more\n")
    put("checkpoint", "large", b"\1" + HEAD.replace(b"7", b"18446744073709551615"))
    put("checkpoint", "unsigned", b"\0" + HEAD + b"\n")
    put("checkpoint", "witness", "\2\u2014 witness+5d0c1f2e AAAAAAAAAAAAAAAA\n".encode())
    for size, at in ((1, 0), (2, 1), (7, 3), (256, 255), (300, 299)):
        put("proof", "leaf-%d-of-%d" % (at, size), struct.pack(">BHHB", 0, size - 1, at, 0))
        put("proof", "from-%d-to-%d" % (at + 1, size), struct.pack(">BHH", 1, size - 1, at))
        put("proof", "longer-%d-of-%d" % (at, size), struct.pack(">BHHBBBB", 0, size - 1, at, 0, 0, 5, 20))
    put("proof", "file", b"\2\0\0\0")
    put("proof", "file-cut", b"\2\0\120\55")
    for which in (0, 1):
        put("document", "whole-%d" % which, bytes([which]))
        for value in range(0, 40, 3):
            put("document", "without-%d-%d" % (value, which), bytes([which, value, 0, 0]))
            put("document", "changed-%d-%d" % (value, which), bytes([which, value, 1, 2, value, 30]))


# --- files ---------------------------------------------------------------------------------

def make_csv():
    for path in sorted(glob.glob(os.path.join(DATA, "csv-spectrum", "csvs", "*.csv"))):
        put("csv", os.path.basename(path)[:-4], b"\0\0\2" + read(path))
    text = 'Vorname;"Stra\u00dfe"\r\n"J\u00fcrgen ""Jo""";\u00dcbersee\r\n\u65e5\u672c;\r\n'
    for number, charset in ((2, "utf-16"), (3, "utf-16-le"), (4, "shift_jis"), (5, "iso2022_jp"),
                            (6, "gb18030")):
        put("csv", charset, bytes([number, 1, 1]) + text.encode(charset, "replace"))
    put("csv", "latin", b"\1\1\4" + text.encode("cp1252", "replace"))
    put("csv", "faults", b"\0\0\0a,b\n\"x\"y,\n \"z\"\n\xff,\0\n\"open\n")


ROWS = (b"id,First,Born,Mail,number,date,total\n1,Ada,1815-12-10,ada@example.org,7,2026-01-02,1.50\n"
        b"2,\"qz7canary\n\",,,8,qz7canary,\n,no key\n3,\"open\n")
PLAN = (b"custos-intake 1\nformat\tcsv\ncharset\tutf-8\ndelimiter\tauto\nlanguage\tzh\nheader\t1\n"
        b"subject\tperson\tid\t1\nrecord\tprofile\tp\tsubject\t\t\t\nfield\tgiven_name\tcolumn\tFirst\n"
        b"record\ttransaction\ts\tcolumn\tnumber\tdate\tMail\nfield\tcurrency\tvalue\tEUR\n")
LINES = (b'{"intake":1,"sandbox":{"seccomp":true,"landlock":true},"charset":"utf-8","delimiter":",",'
         b'"columns":["id"],"header":{"line":1},"total_bytes":20}\n'
         b'{"line":2,"at":20,"subject":"c-1","records":[{"record":2,"key":"7","anchor":"2026-01-02",'
         b'"fields":{"amount":"qz7canary"}},{"record":0,"fields":{"given_name":"Ada"}},'
         b'{"record":9},{"record":-1}]}\n{"done":true,"rows":1,"rejected":0,"bytes":20}\n')
MAP = (b"source: shop\nsubject: {kind: person, key: id}\nrecords:\n  - collection: profile\n"
       b"    fields: {given_name: First, family_name: {value: X}}\n  - collection: order\n    name: o\n"
       b"    key: row\n    skip_if_empty: number\n    fields: {date: date, number: number}\n")


def make_intake():
    put("intake", "file", b"\0" + ROWS)
    put("intake", "file-semicolon", b"\0" + ROWS.replace(b",", b";"))
    put("intake", "file-utf-16", b"\0" + ROWS.decode().encode("utf-16"))
    put("intake", "file-columns", b"\0" + ROWS.replace(b"First", b"Fist"))
    put("intake", "plan", b"\1" + PLAN)
    put("intake", "plan-numbers", b"\1" + PLAN.replace(b"header\t1", b"header\t0").replace(b"First", b"2"))
    put("intake", "lines", b"\2" + LINES)
    put("intake", "map", b"\3" + MAP)
    put("intake", "map-canary", b"\3" + MAP.replace(b"{value: X}", b"First").replace(b"shop", b"a"))


ID = "0123456789abcdef0123456789abcdef"


def make_agent():
    said = {
        "hello": {"version": "0.1.0", "plugins": [{"name": "smtp", "is_personal": True}]},
        "ready": {"landlock": True, "seccomp": True, "routes": [{"route": "staff", "fault": ""}],
                  "targets": [{"target": "far", "fault": "not there"}]},
        "outcome": {"id": ID, "came": "later", "fault": "no answer"},
        "answer": {"id": ID, "came": "done", "size": 17},
    }
    for name, what in said.items():
        put("agent", name, b"\0" + json.dumps({name: what}).encode())
    put("agent", "refused", b"\0" + json.dumps(
        {"answer": {"id": ID, "came": "refused", "fault": "\x1b[31m" + "\u4e2d" * 120}}).encode())
    put("agent", "all", b"\0" + b"\0".join(json.dumps({n: w}).encode() for n, w in said.items()))
    send = {"id": ID, "route": "staff", "type": "test", "time_ms": 1, "is_personal": True}
    put("agent", "send", b"\1" + json.dumps({"send": send}).encode() + b"\0" + json.dumps(
        {"to": "a@example.org", "subject": "s", "text": "t"}).encode())
    put("agent", "order", b"\1" + json.dumps(
        {"order": {"id": ID, "target": "far", "verb": "put", "name": "data/" + ID, "size": 3}}).encode())
    for code in range(-2, 7):
        put("agent", "plugin-%d" % code, struct.pack("bbB", 2, code, 1) + b"why \xff\x1b[31m")


def make_age():
    for name in ("x25519", "x25519_grease", "armor_x25519", "stream_three_chunks",
                 "stream_short_chunk", "x25519_multiple_recipients", "stanza_valid_characters"):
        vector = read(os.path.join(DATA, "age-cctv", name))
        head, _, body = vector.partition(b"\n\n")
        if b"compressed:" not in head:
            put("age", name, body)
    put("age", "identity", b"# created: 2026-11-21T00:00:00Z\n"
        b"AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0\n")
    put("age", "recipient", b"age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef")


def text_of(s):
    return struct.pack(">H", len(s)) + s


def make_record():
    head = struct.pack(">BBBIiq16s", 1, 2, 1, 202611, -2**31, 1795298944123, b"0123456789abcdef")
    fields = b"".join(text_of(k) + struct.pack(">I", len(v)) + v for k, v in (
        (b"given_name", b"Ada"), (b"family_name", b"Lovelace")))
    put("leaf", "record", b"\1" + head + text_of(b"profile") + text_of(b"shop") + text_of(b"17") +
        struct.pack(">H", 1) + b"fedcba9876543210" + struct.pack(">H", 2) + fields)


def make_yaml():
    put("yaml", "map", b"source: shop\nsubject: {kind: person, key: id}\nrecords:\n"
        b"  - collection: profile\n    fields: {given_name: First, family_name: {value: X}}\n")
    put("yaml", "flow", b"roles: [{role: a, operations: [status, 'log.*'], purposes: '*'}]\n"
        b"operators: [{uid: 1, roles: [a]}, {gid: 2, roles: [b]}]\n")
    put("yaml", "odd", b"a: &x 1\nb: *x\n? c\n: !!str d\ne: |\n  text\nf: >-\n  more\n'g': \"\\u00fc\"\n")


# Changes to files of a store: of the log, its journal, the vault.
def make_disk():
    put("journal", "whole", b"\0")
    put("log", "whole", b"")
    put("vault", "whole", b"\2")
    for at in (0, 8, 24, 28, 64, 128, 132, 136, 144, 152, 160, 192, 202, 2000, 4000):
        for sealed in (0, 1):
            put("journal", "at-%d-%d" % (at, sealed), struct.pack(">BBHBB", sealed, 1, at, 1, 1))
    put("journal", "cut", struct.pack(">BBHBB", 0, 1, 700, 0, 0))
    for file in range(8):
        put("log", "file-%d" % file, struct.pack(">BHBB", file, 40, 1, 1))
        put("log", "file-%d-cut" % file, struct.pack(">BHBB", file, 40, 0, 1))
        put("log", "file-%d-gone" % file, struct.pack(">BHBB", file, 0, 0, 0))
    for at in (0, 16, 20, 36, 43, 44, 100, 200):
        for how in (0, 1):
            put("vault", "root-%d-%d" % (at, how), struct.pack("BBBBB", how, 0, at, 1, 1))
            put("vault", "roots-%d-%d" % (at, how),
                struct.pack("BBBBBBBBB", how, 0, at, 1, 1, 1, at, 1, 1))
    for what in range(19):
        put("vault", "rows-%d" % what, struct.pack("BBBBB", 2, 0x80, what, 3, 4))


def make_data():
    put("data", "whole", b"")
    for column, how in ((0, 0), (20, 11), (60, 13), (61, 11), (62, 7), (63, 3), (64, 6), (65, 9), (90, 1), (120, 12)):
        put("data", "column-%d-%d" % (column, how), struct.pack(">HBBB", column, how, 0, 1))


# Changes to a vault object: 22 bits for where, and what is flipped there.
def make_vault_object():
    put("vault_object", "whole", b"\1")
    put("vault_object", "raw", b"\0" + b"\x50\x2a\x4d\x18\x57\0\0\0custos vault object v1\n" +
        struct.pack(">QQ", 2, 7) + bytes(48) + b"\x28\xb5\x2f\xfd\x00\x58\x01\x00\x00")
    for at in (0, 4, 8, 31, 39, 47, 63 + 16, 63 + 28, 63 + 96, 63 + 100, 63 + 105, 63 + 4096,
               63 + 8192 + 3, 63 + 12288 + 8, 63 + 60000, 63 + 90000):
        put("vault_object", "at-%d" % at, b"\1" + struct.pack("<I", at)[:3] + b"\1")


# --- what a store makes --------------------------------------------------------------------

def make_store(bindir):
    with tempfile.TemporaryDirectory() as d:
        os.mkdir(d + "/policies")
        for name, text in (
                *((name, read(os.path.join(HERE, "..", "..", "policies", name)).decode())
                  for name in ("schema.yaml", "purposes.yaml")),
                ("backup.yaml", "vault_bound: 7d\ntargets:\n"
                 "  - {target: local, kind: directory, path: %s/repo}\n" % d),
                ("roles.yaml", "roles:\n  - role: a\n    operations: [status, init, backup.*, log.*]\n"
                 "operators:\n  - {uid: %d, roles: [a]}\n" % os.getuid())):
            with open(d + "/policies/" + name, "w") as f:
                f.write(text)
        daemon = subprocess.Popen([bindir + "/custosd", "--state=" + d + "/state", "--policies=" +
                                   d + "/policies", "--socket=" + d + "/s",
                                   "--intake=" + bindir + "/custos-intake"])

        def ctl(*args):
            return subprocess.run([bindir + "/custosctl", "--socket=" + d + "/s", *args],
                                  check=True, capture_output=True).stdout
        while not os.path.exists(d + "/s"):
            time.sleep(0.1)
        ctl("init", d + "/identity")
        ctl("backup", "run")
        ctl("backup", "run")
        make_of_store(d, ctl)
        daemon.terminate()
        daemon.wait()


def make_of_store(d, ctl):
    for n in (1, 2):
        put("manifest", "manifest-%d" % n, b"\0" + read(d + "/repo/manifest/%010d" % n))
    put("manifest", "recipients", b"\1" + read(d + "/state/keys/recipients"))
    put("manifest", "identity", b"\2" + read(d + "/identity"))
    for name in os.listdir(d + "/repo/vault"):
        put("manifest", "name", b"\3vault/" + name.encode())
    note = read(d + "/state/log/checkpoint")
    put("note", "unknown", b"\0" + note)
    put("note", "checkpoint", b"\4" + note.partition(b"\n\n")[0] + b"\n")
    for leaf in ctl("--json", "log", "show").split(b"\n"):
        for each in json.loads(leaf).get("leaves", []) if leaf else []:
            text = each["leaf"].encode()
            act = [w for w in text.split() if w.startswith(b"act=")][0][4:].decode()
            put("leaf", act, b"\0" + text)
    put("leaf", "erase.shred", b"\0v=1 t=2026-11-21T22:09:04.123Z act=erase.shred "
        b"sub=000102030405060708090a0b0c0d0e0f gen=2 slots=8-15,24")


def make_notes():
    put("note", "peter", b"\0" + "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n\n"
        "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgK"
        "vqfqdngotpRZb6KE6RyyBwJnAM=\n".encode())
    put("note", "verifier", b"\1PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    put("note", "public", b"\2RWSpi0OtpJ6BHJ2DDweL4lnQ8NjqISzQwpjyW3VZm1AUrh8H+rpX9XZx")
    for name in ("hashed", "legacy"):
        put("note", name, b"\3" + read(os.path.join(HERE, "signed", name + ".minisig")))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make_calls()
    make_lines()
    make_idl()
    make_proofs()
    make_csv()
    make_intake()
    make_agent()
    make_age()
    make_record()
    make_yaml()
    make_disk()
    make_data()
    make_vault_object()
    make_notes()
    make_store(os.path.abspath(sys.argv[1]))
