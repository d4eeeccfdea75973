#!/usr/bin/env python3
"""The catalogues of messages: po/catalogue.py update | check

update brings each po/*.po in step with the texts of the sources: new ones stand there empty, none
is guessed from a similar one, and what is no longer in the sources is gone.  check says what is
missing, left over, empty, fuzzy, or disagrees with its English text; exits with 1 if anything does.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# What marks a text, and the functions whose formats are looked up.
KEYWORDS = ["_", "N_", "cu_err_set:3", "cu_err_wrap:3", "cu_err_errno:3", "faults_add:5", "fault:4", "FAULT:4"]
FOLDERS = ["ctl", "daemon"]
DIRECTIVE = re.compile(r"%(?:\d+\$)?[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:<PRI\w+>|(?:hh|h|ll|l|j|z|t)?[a-zA-Z%])")


def sources():
    for folder in FOLDERS:
        for path, _, files in sorted(os.walk(os.path.join(ROOT, folder))):
            for name in sorted(files):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(path, name), ROOT)


def enum_words():
    """The words of the interfaces' enums, and those marked by W_(): people are shown them, too."""
    words = set()
    for path in glob.glob(os.path.join(ROOT, "daemon/wire/interfaces/*.varlink")):
        text = re.sub(r"#.*", "", open(path, encoding="utf-8").read())
        for body in re.findall(r"\(([^()]*)\)", text):
            names = [w.strip() for w in body.split(",")]
            if body.strip() and all(re.fullmatch(r"[a-z]\w*", w) for w in names):
                words.update(names)
    for path in sources():
        words.update(re.findall(r'\bW_\("([^"]+)"\)', open(os.path.join(ROOT, path), encoding="utf-8").read()))
    return sorted(words)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


def template():
    """All texts of the sources, as a .pot."""
    done = subprocess.run(
        ["xgettext", "--language=C", "--from-code=UTF-8", "--keyword", "--no-location", "--add-comments=po:",
         "--output=-", "--files-from=-"] + ["--keyword=" + k for k in KEYWORDS],
        input="\n".join(sources()), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    head, *rest = done.stdout.split("\n\n")
    kept = [head.replace("charset=CHARSET", "charset=UTF-8")] + [e.strip("\n") for e in rest if has_words(e)]
    for word in enum_words():
        kept.append('msgctxt "word"\nmsgid %s\nmsgstr ""' % quoted(word))
    return "\n\n".join(kept) + "\n"


def has_words(entry):
    """Formats such as "%s: %s" are the same in every language."""
    return any(re.search(r"[A-Za-z]", DIRECTIVE.sub("", msgid)) for _, msgid, _, _ in entries(entry))


def entries(text):
    """(context, msgid, msgstr, flags) of each entry but the head."""
    for block in re.split(r"\n\s*\n", text):
        parts, at, flags = {}, None, ""
        for line in block.splitlines():
            if line.startswith("#,"):
                flags += line
            m = re.match(r'(msgctxt|msgid|msgstr)\s+"(.*)"$', line) or re.match(r'()"(.*)"$', line)
            if m and not line.startswith("#"):
                at = m.group(1) or at
                parts[at] = parts.get(at, "") + m.group(2)
        if parts.get("msgid"):
            plain = {k: v.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"').replace("\\\\", "\\")
                     for k, v in parts.items()}
            yield plain.get("msgctxt"), plain["msgid"], plain.get("msgstr", ""), flags


def update(po):
    with tempfile.NamedTemporaryFile("w", suffix=".pot", encoding="utf-8") as pot:
        pot.write(template())
        pot.flush()
        merged = subprocess.run(["msgmerge", "--quiet", "--no-fuzzy-matching", "--no-location", "--no-wrap", po, pot.name],
                                stdout=subprocess.PIPE, check=True)
    # by their texts, so that what two people add seldom meets
    plain = subprocess.run(["msgattrib", "--no-obsolete", "--no-location", "--no-wrap", "--sort-output"],
                           input=merged.stdout, stdout=subprocess.PIPE, check=True)
    with open(po, "wb") as f: # without what changes at each run
        f.write(re.sub(rb'"(POT-Creation-Date|Report-Msgid-Bugs-To):.*\n', b"", plain.stdout))
    missing = [m for _, m, s, _ in entries(plain.stdout.decode()) if not s]
    print("%s: %d texts, %d of them without a translation" % (
        os.path.basename(po), sum(1 for _ in entries(plain.stdout.decode())), len(missing)))


def disagreements(msgid, msgstr):
    """What a translator may not change."""
    for option in set(re.findall(r"--[a-z][a-z-]*", msgid)):
        if option not in msgstr:
            yield "lacks " + option
    for name in set(re.findall(r"\b[a-z]+\.(?:yaml|db|conf)\b", msgid)):
        if name not in msgstr:
            yield "lacks " + name
    for command in set(re.findall(r"custosctl [a-z]+(?: [a-z]+)?(?= %| [A-Z]|')", msgid)):
        if command not in msgstr:
            yield "lacks '%s'" % command
    if re.match(r"(?:\s\s+)?", msgid).group() != re.match(r"(?:\s\s+)?", msgstr).group():
        yield "begins with other blanks"
    if re.search(r"[\s]*$", msgid).group().count("\n") != re.search(r"\s*$", msgstr).group().count("\n"):
        yield "ends with other line ends"
    if re.search(r"[,.;:?!]$", msgstr) and re.search(r"[\u4e00-\u9fff][,.;:?!]$", msgstr):
        yield "ends with a Latin mark behind a Chinese character"


def check(po):
    faults = []
    text = open(po, encoding="utf-8").read()
    wanted = {(c, m) for c, m, _, _ in entries(template())}
    there = {(c, m) for c, m, _, _ in entries(text)}
    faults += ["not there: %r: './dev po' adds it, then translate it" % m for _, m in sorted(wanted - there, key=str)]
    faults += ["in no source any more: %r: './dev po' removes it" % m for _, m in sorted(there - wanted, key=str)]
    for context, msgid, msgstr, flags in entries(text):
        if not msgstr:
            faults.append("not translated: %r" % msgid)
            continue
        if "fuzzy" in flags:
            faults.append("fuzzy: %r" % msgid)
        faults += ["%r: the translation %s" % (msgid, d) for d in disagreements(msgid, msgstr)]
    done = subprocess.run(["msgfmt", "--check", "--check-accelerators=&", "-o", os.devnull, po],
                          stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        faults.append(done.stderr.strip())
    for fault in faults:
        print("%s: %s" % (os.path.basename(po), fault))
    print("%s: %d texts, faults: %d" % (os.path.basename(po), len(there), len(faults)))
    return not faults and len(there) > 0


def check_policies():
    """What the shipped policies say to people, they say in Chinese, too."""
    faults, paths = [], glob.glob(os.path.join(ROOT, "policies/**/*.yaml"), recursive=True)
    for path in sorted(paths):
        text = re.sub(r"(?m)^\s*#.*", "", open(path, encoding="utf-8").read())
        for n, part in enumerate(re.split(r"(?m)^(?= *- )", text)):
            if len(re.findall(r"(?:^|[{\s,])en: ", part)) > len(re.findall(r"(?:^|[{\s,])zh: ", part)):
                faults.append("%s: a text is in English only: %s" % (os.path.relpath(path, ROOT), part.split("\n")[0].strip()))
        if path.endswith("/purposes.yaml"):
            for part in re.split(r"(?m)^(?= *- (?:purpose|recipient): )", text)[1:]:
                if not re.search(r"told:\s*(?:\{[^}]*)?zh: ", part):
                    faults.append("purposes.yaml: not told in Chinese: " + part.split("\n")[0].strip())
    for fault in faults:
        print(fault)
    print("policies: %d files, faults: %d" % (len(paths), len(faults)))
    return not faults and len(paths) > 0


def main():
    if sys.argv[1:] not in (["update"], ["check"]):
        sys.exit(__doc__)
    pos = sorted(glob.glob(os.path.join(ROOT, "po", "*.po")))
    if sys.argv[1] == "update":
        for po in pos:
            update(po)
    elif not all([check_policies(), pos] + [check(po) for po in pos]):
        sys.exit(1)


if __name__ == "__main__":
    main()
