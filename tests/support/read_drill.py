"""Reads a drill's report by docs/formats/drill.md, and holds it against the repository: read_drill.py KEY REPOSITORY REPORT

KEY is the log's verifier key.  The note's signature, each line and its form, the manifest that it names, and the
entry of the log's mirror that has its hash: fails unless all agree.  Nothing of custos is used.
"""
import base64
import hashlib
import pathlib
import re
import sys

import nacl.signing

key, repository, report = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]).read_bytes()

# c2sp.org/signed-note
text, _, signature = report.decode().rpartition("\n\n")
name, number, public = key.split("+", 2)
mark, who, value = signature.rstrip("\n").split(" ")
value = base64.b64decode(value)
assert (mark, who, value[:4].hex()) == ("\u2014", name, number)
nacl.signing.VerifyKey(base64.b64decode(public)[1:]).verify((text + "\n").encode(), value[4:])

# drill.md: lines in exactly this order
ID, SHA, N = "[0-9a-f]{32}", "[0-9a-f]{64}", "(?:0|[1-9][0-9]*)"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
FORM = "\n".join((
    "custos drill report v1", f"number (?P<number>{N})", f"time {TIME}", f"store (?P<store>{ID})",
    f"lineage (?P<lineage>{ID})", "target (?P<target>[a-z0-9_.-]+)", "level (?P<level>[123])",
    f"backup (?P<sequence>{N}) (?P<manifest>{SHA}) (?P<data>{TIME})", "digests (?P<digests>compared|none)",
    f"recovery-point-ms {N}", f"recovery-ms (?P<recovery>{N})", f"duration-ms {N}",
    f"read manifests (?P<manifests>{N}) objects (?P<objects>{N}) bytes {N}",
    f"compared subjects (?P<subjects>{N}) records (?P<records>{N}) collections {N}",
    f"tried opened (?P<opened>{N}) gone (?P<gone>{N}) erased {N}",
    f"log entries (?P<entries>{N}) generation (?P<generation>{N})", f"faults (?P<faults>{N})",
    f"(?P<each>(?:fault [^\n]+: [^\n]+\n)*)result (?P<result>passed|failed)"))
m = re.fullmatch(FORM, text)
assert m, text
assert (m["result"] == "passed") == (m["faults"] == "0")
assert m["each"].count("\n") == min(int(m["faults"]), 50)
assert m["level"] != "1" or m["recovery"] == "0"
if m["level"] == "3" and m["result"] == "passed":
    assert int(m["opened"]) + int(m["gone"]) == int(m["records"])

# repository.md, 3: the manifest that it names
manifest = (repository / "manifest" / ("%010d" % int(m["sequence"]))).read_bytes()
assert hashlib.sha256(manifest).hexdigest() == m["manifest"]
lines = dict(line.split(" ", 1) for line in manifest.decode().splitlines())
assert (lines["store"], lines["lineage"], lines["sequence"]) == (m["store"], m["lineage"], m["sequence"])
assert "full " + m["data"] == lines["data"][:29]
assert (repository / "vault" / "-".join((lines["vault"].split()[0].zfill(20), lines["vault"].split()[1]))).exists()
assert len(list((repository / "manifest").glob("[0-9]" * 10))) >= int(m["manifests"])

# log.md, 1 and 2: the entry that has its hash
entries = b""
for path in sorted((repository / "log/tile/entries").rglob("*")):
    if path.is_file():
        entries += path.read_bytes()
act = "drill.done" if m["result"] == "passed" else "drill.failed"
wanted = r" act=%s .*why=%s n=%s .*dig=%s" % (act, m["target"], m["number"], hashlib.sha256(report).hexdigest())
assert re.search(wanted.encode(), entries), wanted
print("number %s, level %s: %s" % (m["number"], m["level"], m["result"]))
