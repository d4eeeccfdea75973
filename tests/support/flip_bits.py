"""Change bits one at a time and let verify.py judge each time: flip_bits.py KEY DIR|CERTIFICATE STRIDE.

Every STRIDE-th bit of each file that the checkpoint covers (narrower tiles for older checkpoints
are not read by verify.py).  Fails when one of them may be changed.
"""
import pathlib
import sys

key, path, stride = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
code = compile((pathlib.Path(__file__).parent / "verify.py").read_text(), "verify.py", "exec")


def is_valid():
    sys.argv = ["verify.py", key, str(path)]
    try:
        exec(code, {})
    except Exception:  # whatever way it fails
        return False
    return True


def files():
    if path.is_file():
        return [path]
    found = [path / "checkpoint", *(p for p in (path / "tile").rglob("*") if p.is_file())]
    return [p for p in found if not p.parent.name.endswith(".p")
            or int(p.name) == max(int(other.name) for other in p.parent.iterdir())]


assert is_valid(), "not valid to begin with"
count = 0
for file in files():
    good = file.read_bytes()
    for bit in range(0, len(good) * 8, stride):
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        file.write_bytes(changed)
        assert not is_valid(), f"{file}: bit {bit % 8} of byte {bit // 8} may be changed"
        count += 1
    file.write_bytes(good)
print(count)
