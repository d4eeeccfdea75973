"""Check what custos published, with nothing of custos: verify.py KEY DIR|CERTIFICATE; fails unless it is valid."""
import base64, hashlib, json, nacl.signing, pathlib, re, sys
LEAF = re.compile(rb"v=1 t=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z act=[a-z0-9_.-]+( [a-z]+=[A-Za-z0-9_.,-]+)*")
def sha(*parts): return hashlib.sha256(b"".join(parts)).digest()
def unbase64(text): return {base64.b64encode(b).decode(): b for b in [base64.b64decode(text)]}[text]  # one spelling
def opened(note, key):  # c2sp.org/signed-note: its text, if this key signed it
    (text, marks), (name, number, public) = note.rsplit("\n\n", 1), key.split("+", 2)
    assert re.fullmatch("(\u2014 [^ \n]+ [^ \n]+\n)+", marks)
    sig, = [m[4:] for who, t in re.findall(" (.+) (.+)", marks) if (m := unbase64(t))[:4].hex() == number and who == name]
    return nacl.signing.VerifyKey(unbase64(public)[1:]).verify((text + "\n").encode(), sig).decode()
def head(note, key):  # c2sp.org/tlog-checkpoint
    origin, size, root = opened(note, key).split("\n")[:3]
    return {key.split("+")[0]: (int(size), unbase64(root))}[origin]
def half(n): return 1 << (n - 1).bit_length() - 1
def tree(h): return h[0] if len(h) == 1 else sha(b"\1", tree(h[:half(len(h))]), tree(h[half(len(h)):]))
def climb(leaf, i, n, path):  # RFC 6962, 2.1.1: the root that a path leads to
    if n == 1: return {0: leaf}[len(path)]
    if i < half(n): return sha(b"\1", climb(leaf, i, half(n), path[:-1]), path[-1])
    return sha(b"\1", path[-1], climb(leaf, i - half(n), n - half(n), path[:-1]))
def tile(top, kind, n, width):  # number 1234067 is x001/x234/067
    name = re.sub(r"(\d{3})(?=\d)", r"x\1/", "%0*d" % ((len(str(n)) + 2) // 3 * 3, n))
    return (top / "tile" / kind / (name + ".p/%d" % width * (width < 256))).read_bytes()
def log(top, key):  # c2sp.org/tlog-tiles
    size, root = head((top / "checkpoint").read_bytes().decode(), key)
    bundles = [tile(top, "entries", i // 256, min(256, size - i)) for i in range(0, size, 256)]
    leaves = [leaf for bundle in bundles for leaf in re.split(rb"(?s)..(?=v=1 )", bundle)[1:] if LEAF.fullmatch(leaf)]
    assert b"".join(bundles) == b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)
    rows = [[sha(b"\0", leaf) for leaf in leaves[i:i + 256]] for i in range(0, len(leaves), 256)]
    assert len(leaves) == size and tree(sum(rows, [])) == root
    for level in range(8):
        assert all(tile(top, str(level), i, len(row)) == b"".join(row) for i, row in enumerate(rows))
        above = [tree(row) for row in rows if len(row) == 256]
        rows = [above[i:i + 256] for i in range(0, len(above), 256)]
def certificate(note, key):
    for step in (c := json.loads(opened(note, key)))["leaves"]:
        lines, (size, root) = (p := step["proof"].split("\n\n", 1))[0].split("\n"), head(p[1], key)
        assert climb(sha(b"\0", step["leaf"].encode()), step["index"], size, [*map(unbase64, lines[2:])]) == root
        assert " sub=%s obj=%s" % (c["subject"], c["erasure"]) in step["leaf"] and lines[1] == "index %d" % step["index"]
        assert (" in=" in step["leaf"]) == (c["scope"] != "subject")
    assert re.fullmatch("(begin )+(shred )*done( done)*", " ".join(step["leaf"].split(" ")[2][10:] for step in c["leaves"]))
log(p, sys.argv[1]) if (p := pathlib.Path(sys.argv[2])).is_dir() else certificate(p.read_bytes().decode(), sys.argv[1])
