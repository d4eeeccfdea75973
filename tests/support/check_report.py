#!/usr/bin/python3
"""check_report.py TEXT JSON CSV HTML: do the forms of a report of compliance tell the same?

JSON is the measure.  Every figure must be in the CSV, every row of numbers in the text, and every
number and day in the page, each in its order.  The page is read as a browser would that loads nothing; its
charts as XML, each with a title and a description.  Prints the figures of the summary, one a line.
"""
import csv, html.parser, json, re, sys
import xml.etree.ElementTree as ElementTree

VOID = {"meta"}
SVG = "{http://www.w3.org/2000/svg}"


def rows(table):
    return [table] if isinstance(table, dict) else table


def tables(report):
    return {k: v for k, v in report.items() if isinstance(v, (dict, list))}


def check_csv(report, path):
    with open(path, newline="", encoding="ascii") as f:
        lines = list(csv.reader(f))
    assert lines[0] == ["table", "row", "figure", "value"]
    want = [[name, str(i), key, "" if value is None else str(value)]
            for name, table in tables(report).items()
            for i, row in enumerate(rows(table), 1) for key, value in row.items()]
    assert lines[1:] == want, "the CSV is not the JSON"


def numbers(row):
    return [str(v) for v in row.values() if isinstance(v, int)]


def check_text(report, path):
    with open(path, encoding="utf-8") as f:
        blocks = f.read().split("\n\n")[1:]
    assert len(blocks) == len(tables(report)), "the text has other tables"
    for block, (name, table) in zip(blocks, tables(report).items()):
        lines = block.rstrip("\n").split("\n")[1:]
        if isinstance(table, dict):
            last = [(line.split() or [""])[-1] for line in lines]
            assert [v for v in last if v.isdigit()] == numbers(table), f"{name}: {last}"
            continue
        assert len(lines) == (len(table) + 1 if table else 1), f"{name}: {len(lines)} lines"
        for line, row in zip(lines[1:], table):
            words, at = line.split(), 0
            for n in numbers(row):
                assert n in words[at:], f"{name}: {n} is not in: {line}"
                at = words.index(n, at) + 1


class Page(html.parser.HTMLParser):
    """Every element closed in its turn; the cells of what has an id, row by row."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.cells, self.table, self.takes = [], {}, None, False

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            assert not name.startswith("on") and name not in ("src", "href", "action"), f"{tag} {name}"
            assert name == "xmlns" or "//" not in (value or ""), f"{tag} {name}={value}"
        assert tag not in ("script", "iframe", "object", "embed", "link", "form"), tag
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("table", "dl"):
            self.table = dict(attrs)["id"]
            assert self.table not in self.cells, f"two tables {self.table}"
            self.cells[self.table] = []
        elif tag == "tr" or tag == "dl":
            self.cells[self.table].append([])
        elif tag in ("td", "dd"):
            self.takes = True
            if tag == "dd" and not self.cells[self.table]:
                self.cells[self.table].append([])
            self.cells[self.table][-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}>"
        self.takes = self.takes and tag not in ("td", "dd")

    def handle_data(self, data):
        if self.takes:
            self.cells[self.table][-1][-1] += data


def check_page(report, path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    page = Page()
    page.feed(text)
    page.close()
    assert not page.open, page.open
    assert "default-src 'none'" in text and "@media print" in text and "url(" not in text
    for name, table in tables(report).items():
        shown = [row for row in page.cells.get(name, []) if row]
        if all("month" in row and not any(map(int, numbers(row))) for row in rows(table)):
            table = []  # the page leaves out months in which nothing was
        assert len(shown) == len(rows(table)), f"{name}: {len(shown)} rows in the page"
        for cells, row in zip(shown, rows(table)):
            assert len(cells) == len(row), f"{name}: {cells}"
            for cell, value in zip(cells, row.values()):
                if isinstance(value, int) or re.fullmatch(r"\d{4}-\d\d(-\d\d)?", value or ""):
                    assert cell == str(value), f"{name}: {cell} is not {value}"
                else:
                    assert bool(cell.strip("\u2013")) == bool(value), f"{name}: {cell!r}, {value!r}"
    for chart in re.findall(r"<svg.*?</svg>", text, re.S):
        root = ElementTree.fromstring(chart)
        assert root.find(SVG + "title").text and root.find(SVG + "desc").text is not None
        assert root.get("role") == "img" and len(root.get("aria-labelledby").split()) == 2
    return len(re.findall("<svg", text))


def main():
    with open(sys.argv[2], encoding="utf-8") as f:
        report = json.load(f)
    assert report["format"] == "custos report of compliance" and report["version"] == 1
    check_csv(report, sys.argv[3])
    check_text(report, sys.argv[1])
    print("charts", check_page(report, sys.argv[4]))
    for key, value in report["summary"].items():
        print(key, value)


main()
