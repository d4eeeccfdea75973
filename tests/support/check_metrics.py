#!/usr/bin/env python3
"""check_metrics.py FILE: is it Prometheus' text exposition format 0.0.4?

Each metric has HELP and TYPE once, in front of all its samples; no series comes twice; buckets of a
histogram only grow and end with +Inf, which is its count.  Prints each metric and how many samples it has.
"""
import re
import sys

SAMPLE = re.compile(r'([a-z_][a-z0-9_]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (-?[0-9]+(?:\.[0-9]+)?)$')
types, helped, counts, series, current = {}, set(), {}, {}, None


def fail(number, why):
    sys.exit(f"line {number}: {why}")


for number, line in enumerate(open(sys.argv[1], encoding="utf-8"), 1):
    line = line.removesuffix("\n")
    if line.startswith("# "):
        word, name, rest = line[2:].split(" ", 2)
        if word == "HELP":
            if name in helped:
                fail(number, "HELP comes twice")
            helped.add(name)
        elif word == "TYPE":
            if name in types or name not in helped or rest not in ("gauge", "counter", "histogram"):
                fail(number, "TYPE is out of place")
            types[name], counts[name], current = rest, 0, name
            if (rest == "counter") != name.endswith("_total"):
                fail(number, "counters, and they alone, end in _total")
        else:
            fail(number, "is a comment")
        continue
    match = SAMPLE.match(line)
    if not match:
        fail(number, "is no sample: " + line)
    name, labels, value = match[1], match[2] or "", float(match[3])
    base = re.sub("_(bucket|sum|count)$", "", name) if types.get(current) == "histogram" else name
    if base != current:
        fail(number, "does not stand with its metric")
    if (name, labels) in series:
        fail(number, "comes twice")
    series[name, labels] = value
    counts[base] += 1

for name, kind in types.items():
    last = {}
    for (sample, labels), value in series.items() if kind == "histogram" else ():
        if sample == name + "_bucket":
            rest = re.sub(',?le="[^"]*"', "", labels)
            if value < last.get(rest, 0):
                sys.exit(f"{name}: a bucket is smaller than the one before")
            last[rest] = value
            if 'le="+Inf"' in labels and series[name + "_count", rest] != value:
                sys.exit(f"{name}: +Inf is not its count")
for name in types:
    print(name, counts[name])
