"""Shows what a backup of custos holds, without custos.

    python3 open_backup.py --identity FILE [--backup N] [REPOSITORY] [SUBJECT-ID | --find TEXT]

Prints records as JSON lines: one subject's, those of all in one of whose records TEXT stands ("-":
it is read from standard input, where no other user sees it), or all.  Needs PyNaCl, age and zstd.
REPOSITORY is where this file lies, if not given.  Status 0; 1: nothing found, or an error.
Whoever can write to the repository can change this file: run a copy that you trust.
Formats: docs/formats/repository.md, vault.md and record.md of custos, named below by part.
"""
import argparse, base64, contextlib, datetime, functools, hashlib, io, itertools, json, pathlib
import re, sqlite3, subprocess, sys, tempfile
from nacl import bindings, exceptions

def require(is_true, why):
    if not is_true:
        raise ValueError(why)

def read(path, size=None):  # no pipe is waited for, nothing endless is read (7.4)
    has = path.stat().st_size if path.is_file() else -1
    require(has == size if size else 0 <= has < 1 << 26, f"{path} is no file, or not of its size")
    return path.read_bytes()

def run(data, *program):
    return subprocess.run(program, input=data, stdout=subprocess.PIPE, check=True).stdout

def check_signature(text, signature, key):  # minisign's format, prehashed (repository.md 3)
    _, first, comment, second = signature.splitlines()
    key, first, second = map(base64.b64decode, (key, first, second))
    require(first[:2] == b"ED" and first[2:10] == key[2:10], "a manifest is signed by another key")
    bindings.crypto_sign_open(first[10:] + hashlib.blake2b(text).digest(), key[10:])
    bindings.crypto_sign_open(second + first[10:] + comment[17:], key[10:])  # "trusted comment: "

def read_manifests(repository, pins):
    """All manifests, the oldest first: each signed, each following on the one before (3)"""
    chain, before = [], "none"
    for path in sorted(repository.glob("manifest/" + "[0-9]" * 10)):
        text, m = read(path), {"range": []}
        check_signature(text, read(path.with_suffix(".minisig")), pins["manifest-key"])
        for word, *rest in (line.split(" ") for line in text.decode().splitlines()):
            m["range"].append(rest) if word == "range" else m.update({word: rest})
        chain.append(m)
        require(m["custos"] in (["manifest", "v1"], ["manifest", "v2"]) and m["store"] == [pins["store"]] and
                int(m["sequence"][0]) == int(path.name) == len(chain) and
                m["previous"] == [before], f"{path} breaks the chain")
        before = hashlib.sha256(text).hexdigest()
    require(chain, f"{repository} holds no backup")
    return chain

def open_object(path, size, identity):
    """What age hides (2); the bytes that were checked are the bytes that are opened (7.2)"""
    stored = read(path, int(size))
    require(hashlib.sha256(stored).hexdigest() == path.name[-64:], f"{path} was changed")
    return run(stored, "age", "-d", "-i", identity)

def open_data(repository, manifest, identity, to):  # data.db of this manifest (2, 3)
    with open(to, "wb") as image:
        for _, _, _, sha256, name, size in manifest["range"]:
            zipped = open_object(repository / f"data/{name[:2]}/{name}", size, identity)
            plain = run(zipped, "zstd", "-dcq")
            require(hashlib.sha256(plain).hexdigest() == sha256, f"{name} is another range")
            image.write(plain)
    return sqlite3.connect(to)

def decrypt(key, sealed, aad):  # nonce (24), then ciphertext and tag (record.md 1 and 5)
    return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed[24:], aad, sealed[:24], key)

class Vault:  # The tree of keys (vault.md 1 and 3), from a vault object (repository.md 2)
    def __init__(self, repository, manifest, identity, to):
        self.generation, (name, size) = int(manifest["vault"][0]), manifest["vault"][1:3]
        plain = open_object(repository / f"vault/{self.generation:020}-{name}", size, identity)
        require(plain[8:39] == b"custos vault object v1\n" + self.generation.to_bytes(8, "big"),
                f"{name} holds another vault")
        self.id, self.epoch = plain[47:63], plain[63:95]
        pathlib.Path(to).write_bytes(run(plain, "zstd", "-dcq"))
        self.db = sqlite3.connect(to)
        self.node = functools.lru_cache(maxsize=4096)(self.open_node)

    def open_node(self, level, index):
        key = self.key_in(level - 1, index) if level else self.epoch
        for gen, blob in self.db.execute(  # two copies of the newest, in case one is damaged
                "SELECT max(gen), blob FROM node WHERE level = ? AND idx = ? AND gen <= ?"
                " GROUP BY copy ORDER BY copy", (level, index, self.generation)):
            aad = bytes([level]) + index.to_bytes(4, "big") + gen.to_bytes(8, "big")
            with contextlib.suppress(exceptions.CryptoError):
                return decrypt(key, blob, b"custos node v1" + self.id + aad)
        raise ValueError(f"node {level}/{index} of the vault is damaged")

    def key_in(self, level, number):  # Level 3: a slot's key, or zeros if it was shredded
        return self.node(level, number // 256)[number % 256 * 32:][:32]

def open_record(vault, store, row):
    """None if a key is gone, else what is printed (record.md 1 to 3, 7, 8)"""
    record, subject, collection, version, sealed, *slots = row
    keys = [vault.key_in(3, slot) for slot in slots if slot is not None]
    if not all(map(any, keys)):
        return None
    label, name = b"custos record v1", collection.encode()
    key = hashlib.blake2b(b"".join(keys[1:]) + label, key=keys[0], digest_size=32).digest()
    plain = decrypt(key, sealed, label + store + subject + len(name).to_bytes(2, "big") + name +
                    record + version.to_bytes(4, "big"))
    require(plain[0] == 1, "a record is of a later format")
    day = int.from_bytes(plain[7:11], "big", signed=True)
    anchor = None if day == -2**31 else datetime.date(1970, 1, 1) + datetime.timedelta(day)
    stream = io.BytesIO(plain[35:])
    number = lambda n: int.from_bytes(stream.read(n), "big")
    text = lambda n: stream.read(number(n)).decode(errors="backslashreplace")
    _, source, _, _ = text(2), text(2), text(2), stream.read(16 * number(2))
    return dict(subject=subject.hex(), collection=collection, anchor=anchor and str(anchor),
                source=source, fields={text(2): text(4) for _ in range(number(2))})

def print_records(data, vault, store, subject, find):
    printed, gone = 0, 0
    rows = data.execute("SELECT id, subject, collection, version, sealed, slot, cohort_slot FROM"
                        " record WHERE ?1 IS NULL OR subject = ?1 ORDER BY subject, collection, id",
                        (subject and bytes.fromhex(subject),))
    for _, theirs in itertools.groupby(rows, lambda row: row[1]):  # subject by subject
        records = [open_record(vault, store, row) for row in theirs]
        known = list(filter(None, records))
        gone += len(records) - len(known)
        if any(find.casefold() in " ".join(r["fields"].values()).casefold() for r in known):
            printed += len(known)
            print(*(json.dumps(r, ensure_ascii=False) for r in known), sep="\n")
    print(f"{printed} records printed; {gone} others have no key any more", file=sys.stderr)
    return printed

def main():
    options = argparse.ArgumentParser(description="Shows what a backup of custos holds.")
    options.add_argument("--identity", required=True, metavar="FILE")
    options.add_argument("--backup", type=int, default=0, metavar="N", help="else the newest")
    options.add_argument("--find", default="", type=lambda text: input() if text == "-" else text)
    options.add_argument("where", nargs="*", metavar="REPOSITORY or SUBJECT-ID")
    o = options.parse_intermixed_args()
    subject = o.where.pop() if o.where and re.fullmatch("[0-9a-f]{32}", o.where[-1]) else None
    repository, = map(pathlib.Path, o.where or [pathlib.Path(__file__).resolve().parent])
    pins = dict(re.findall("^# custos-(.*?): (.*)$", open(o.identity).read(), re.M))  # (4)
    chain = read_manifests(repository, pins)
    require(0 <= o.backup <= len(chain), f"there is no backup {o.backup}")
    with tempfile.TemporaryDirectory() as scratch:  # for what is sealed; E stays in memory
        # The newest vault, however old the data: who was erased stays erased (6.3).
        vault = Vault(repository, chain[-1], o.identity, f"{scratch}/vault.db")
        data = open_data(repository, chain[o.backup - 1], o.identity, f"{scratch}/data.db")
        return 0 if print_records(data, vault, bytes.fromhex(pins["store"]), subject, o.find) else 1

if __name__ == "__main__":
    try:
        sys.stdout.reconfigure(encoding="utf-8")
        sys.exit(main())
    except Exception as why:
        sys.exit(f"open_backup.py: {type(why).__name__}: {why}")
