"""Check a c2sp.org/tlog-proof with nothing of custos: check_proof.py PROOF LEAF [VERIFIER].

PROOF is a file as 'custosctl log prove' prints it, LEAF the text of the entry. Exits with 0 when
the entry is in the log; with VERIFIER (the log's key) also the signature is checked, by nacl.
"""
import base64
import hashlib
import sys


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaf, index, size, path):  # RFC 9162, 2.1.3.2
    number, last, got = index, size - 1, hashlib.sha256(b"\x00" + leaf).digest()
    for step in path:
        assert last > 0, "the proof is too long"
        if number & 1 or number == last:
            got = node(step, got)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            got = node(got, step)
        number, last = number >> 1, last >> 1
    assert last == 0, "the proof is too short"
    return got


def check_signature(text, signatures, verifier):
    import nacl.signing
    name, key_hash, key = verifier.split("+", 2)
    key = base64.b64decode(key, validate=True)
    assert key[0] == 1 and hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex() == key_hash
    line = next(s for s in signatures.splitlines() if s.startswith("\u2014 " + name + " "))
    signature = base64.b64decode(line.split(" ")[2], validate=True)
    assert signature[:4].hex() == key_hash, "another key"
    nacl.signing.VerifyKey(key[1:]).verify(text.encode(), signature[4:])


proof, note = open(sys.argv[1], encoding="utf-8").read().split("\n\n", 1)
lines = proof.split("\n")
assert lines[0] == "c2sp.org/tlog-proof@v1" and lines[1].startswith("index ")
text, signatures = note.split("\n\n", 1)
origin, size, root = text.split("\n")[:3]
path = [base64.b64decode(line, validate=True) for line in lines[2:]]
index = int(lines[1].split(" ")[1])
assert index < int(size), "the log is shorter"
got = root_of(sys.argv[2].encode(), index, int(size), path)
assert got == base64.b64decode(root), "the entry is not in the log"
if len(sys.argv) > 3:
    check_signature(text + "\n", signatures, sys.argv[3])
print(origin, size)
