#!/usr/bin/env python3
"""check_guides.py TREE CUSTOSCTL: what the guides name is there.

Each `custosctl ...` in docs/guide, README.md and SECURITY.md is a command with these options; each link leads to a
file, and to a heading where it names one; what needs a person for `status` stands in the operator's guide.
"""
import functools
import glob
import os
import re
import subprocess
import sys

TREE, CUSTOSCTL = sys.argv[1:]
GLOBAL = {"--json", "--socket", "--timeout", "--quiet", "--yes", "--help"}
faults = []


@functools.cache
def help_of(*words):
    return subprocess.run([CUSTOSCTL, "help", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env=dict(os.environ, LC_ALL="C.UTF-8"), text=True).stdout


def check_command(where, text):
    """text: what stands behind "custosctl"."""
    words = re.findall(r"^(?: ([a-z][a-z-]*))(?: ([a-z][a-z-]*))?", text)
    first, second = words[0] if words else ("", "")
    if first in ("", "help", "complete"):
        return
    known = help_of(first, second) if second else ""
    if not known:
        known = help_of(first)
        is_family = not known.startswith("custosctl ")
        if not known or (second and is_family):
            faults.append("%s: custosctl%s: no such command" % (where, text))
            return
    for option in re.findall(r" (--[a-z-]+)", text):
        if option not in known and option not in GLOBAL:
            faults.append("%s: custosctl%s: no option %s" % (where, text, option))


def anchors(path):
    found = set()
    for line in open(path, encoding="utf-8"):
        if line.startswith("#"):
            text = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower())
            found.add(text.replace(" ", "-"))
    return found


def check_link(where, page, link):
    path, _, anchor = link.partition("#")
    target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
    if not os.path.exists(target):
        faults.append("%s: %s is not there" % (where, link))
    elif anchor and anchor not in anchors(target):
        faults.append("%s: %s has no such heading" % (where, link))


def check_page(page):
    for number, line in enumerate(open(page, encoding="utf-8"), 1):
        where = "%s:%d" % (os.path.relpath(page, TREE), number)
        for text in re.findall(r"(?:^|`|\$\()custosctl((?: [^\s`|)]+)+)", line):
            check_command(where, text)
        for link in re.findall(r"\]\(([^)\s]+)\)", line):
            if not re.match(r"[a-z]+:", link):
                check_link(where, page, link)


def check_status_lines():
    guide = open(os.path.join(TREE, "docs/guide/operator.md"), encoding="utf-8").read().lower()
    source = open(os.path.join(TREE, "daemon/control/attention.c"), encoding="utf-8").read()
    for text in re.findall(r'_\("([A-Z][^"]*)"', source):
        begin = " ".join(re.split(r"[%@#,:]", text)[0].split()[:3]).rstrip(".").lower()
        if begin not in guide:
            faults.append("docs/guide/operator.md: lacks what status says: %s" % text)


def check_tests_named(page):
    sources = "".join(open(p, encoding="utf-8", errors="replace").read() for p in glob.glob(
        os.path.join(TREE, "tests/**/*.[ct]*"), recursive=True) if os.path.isfile(p))
    for name in re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`", open(page, encoding="utf-8").read()):
        is_test = name.startswith(("test_", "story_")) or re.match(r"p\d_", name) or name.count("_") > 3
        if is_test and not re.search(r"\b%s\b" % name, sources):
            faults.append("%s: there is no test %s" % (os.path.relpath(page, TREE), name))


def blocks(path):
    return re.findall(r"(?ms)^(?:```(?:sh|text).*?^```|<!-- (?:test|stage).*?-->)$", open(path, encoding="utf-8").read())


def check_translation(page):
    for ours, theirs in zip(blocks(page), blocks(page.replace(".zh-CN.md", ".md"))):
        if ours != theirs:
            faults.append("%s: is not what stands in English: %s" % (os.path.relpath(page, TREE), ours))
            return
    if len(blocks(page)) != len(blocks(page.replace(".zh-CN.md", ".md"))):
        faults.append("%s: has not all that stands in English" % os.path.relpath(page, TREE))


pages = glob.glob(os.path.join(TREE, "docs/guide/*.md")) + [os.path.join(TREE, p) for p in (
    "README.md", "SECURITY.md", "docs/security.md") if os.path.exists(os.path.join(TREE, p))]
for path in sorted(pages):
    check_page(path)
for example in re.findall(r'", "(.*)"\)', open(os.path.join(TREE, "docs/man/man_examples.h"), encoding="utf-8").read()):
    check_command("docs/man/man_examples.h", " " + example)
check_status_lines()
check_tests_named(os.path.join(TREE, "docs/security.md"))
for path in glob.glob(os.path.join(TREE, "docs/guide/*.zh-CN.md")):
    check_translation(path)
print("\n".join(faults) or "%d pages are in step" % len(pages))
sys.exit(bool(faults))
