#!/usr/bin/python3
"""check_dossier.py SCHEMA DOSSIER.zip: is it what docs/formats/dossier.md says?

Opened by zipfile; data.json against the JSON Schema, by a reader of those of its words that are
used here; the page as a browser that loads nothing; every form must tell the same.  Prints
how many records it found, and every text of a record, one a line (for the caller to look through).
"""
import csv, html, html.parser, io, json, re, sys, zipfile

VOID = {"meta", "br", "hr", "link", "img"}
NAMES = {"README.txt", "index.html", "data.json"}


def check(value, schema, root, where="$"):
    if "$ref" in schema:
        target = root
        for word in schema["$ref"].lstrip("#/").split("/"):
            target = target[word]
        return check(value, target, root, where)
    known = {"$schema", "$defs", "title", "type", "required", "additionalProperties", "properties",
             "items", "const", "enum", "pattern", "minimum"}
    assert set(schema) <= known, f"{where}: the schema has a word unknown here: {set(schema) - known}"
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
    if "type" in schema:
        kind = kinds[schema["type"]]
        assert type(value) is kind, f"{where}: is no {schema['type']}"
    assert "const" not in schema or value == schema["const"], f"{where}: {value!r}"
    assert "enum" not in schema or value in schema["enum"], f"{where}: {value!r}"
    assert "pattern" not in schema or re.search(schema["pattern"], value), f"{where}: {value!r}"
    assert "minimum" not in schema or value >= schema["minimum"], f"{where}: {value!r}"
    if isinstance(value, dict):
        for name in schema.get("required", []):
            assert name in value, f"{where}: lacks {name}"
        for name, member in value.items():
            more = schema.get("additionalProperties", True)
            inner = schema.get("properties", {}).get(name, more)
            assert inner is not False, f"{where}: {name} is unknown"
            if isinstance(inner, dict):
                check(member, inner, root, f"{where}.{name}")
    if isinstance(value, list) and "items" in schema:
        for i, member in enumerate(value):
            check(member, schema["items"], root, f"{where}[{i}]")


class Page(html.parser.HTMLParser):
    """Every element is closed, nothing is loaded or run, every link leads somewhere."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.values, self.headings = [], set(), set(), [], []
        self.sections = []  # what the law asks for of each, and its text after the heading

    def handle_starttag(self, tag, attrs):
        assert tag not in {"script", "iframe", "object", "embed", "form", "img", "link", "base"}, tag
        for name, value in attrs:
            assert not name.startswith("on") and name not in {"src", "style", "action"}, name
            if name == "href":
                assert value.startswith("#"), value
                self.links.add(value[1:])
            if name == "data-gdpr":
                self.sections.append([set(value.split()), ""])
            if name == "id":
                assert value not in self.ids, value
                self.ids.add(value)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "bdi":
            self.values.append("")
        if tag in ("h1", "h2"):
            self.headings.append("")

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, text):
        if "bdi" in self.open:
            self.values[-1] += text
        if "h1" in self.open or "h2" in self.open:
            self.headings[-1] += text
        elif self.sections and "section" in self.open:
            self.sections[-1][1] += text.strip()


def main(schema_path, path):
    archive = zipfile.ZipFile(path)
    assert archive.testzip() is None
    entries = archive.infolist()
    names = [e.filename for e in entries]
    assert len(set(names)) == len(names) and NAMES <= set(names), names
    assert all(re.fullmatch(r"csv/[a-z0-9_.-]+\.csv|documents/[0-9a-f]{32}\.txt", n) for n in set(names) - NAMES), names
    assert len({e.date_time for e in entries}) == 1
    files = {n: archive.read(n).decode() for n in names}

    data = json.loads(files["data.json"])
    schema = json.load(open(schema_path))
    check(data, schema, schema)
    for c in data["collections"]:
        declared = {f["field"] for f in c["fields"]}
        assert all(set(r["fields"]) <= declared for r in c["records"]), c["collection"]
    full = {c["collection"]: c["records"] for c in data["collections"] if c["records"]}
    values = [v for rs in full.values() for r in rs for v in r["fields"].values()]
    count = sum(map(len, full.values()))
    assert sum(s["records"] for s in data["sources"]) == count

    page = Page()
    page.feed(files["index.html"])
    page.close()
    assert not page.open and page.links <= page.ids, page.links - page.ids
    assert "url(" not in files["index.html"] and "@import" not in files["index.html"]
    shown = set(page.values)
    for value in values:
        clean = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", "\ufffd", value)
        assert clean in shown or clean.replace("\r\n", "\n") in shown, f"not on the page: {value!r}"
    assert {f"c-{k}" for k in full} <= page.ids
    papers = {f"documents/{r['record']}.txt": r["fields"]["text"] for r in full.get("document", [])
              if r["fields"].get("text")}
    assert papers == {n: t for n, t in files.items() if n.startswith("documents/")}
    # each item of Art. 15(1), the safeguards of transfers (2), the copy (3): a section that says something
    told = set().union(*(articles for articles, text in page.sections if text))
    asked = {f"15(1)({c})" for c in "abcdefgh"} | {"15(2)", "15(3)", "7(1)"}
    assert asked <= told, asked - told
    assert all(text for _, text in page.sections), page.sections
    for who in ("controller", "representative", "dpo", "authority"):
        assert who not in data or html.escape(data[who]["name"], quote=False) in files["index.html"], who

    assert {n for n in names if n.startswith("csv/")} == {f"csv/{k}.csv" for k in full}
    for key, records in full.items():
        text = files[f"csv/{key}.csv"]
        assert text.startswith("\ufeff") and text.endswith("\r\n")
        rows = list(csv.reader(io.StringIO(text[1:], newline=""), strict=True))
        assert all(len(r) == len(rows[0]) for r in rows) and len(rows) == len(records) + 1
        for row, record in zip(rows[1:], records):
            named = dict(zip(rows[0], row))
            assert named["_record"] == record["record"]
            for field, value in record["fields"].items():
                assert named[field] in (value, "'" + value), (field, value, named[field])
                assert not re.match(r"[=@\t\r\n]", named[field]), named[field]

    print(count)
    print("headings:", " | ".join(page.headings))
    print("acts:", " ".join(sorted({e["act"] for e in data["access"]["entries"]})))
    for name in sorted(names):
        print("file:", name)


main(*sys.argv[1:])
