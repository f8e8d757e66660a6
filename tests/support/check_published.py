"""Compare published numbers with the truth. Imports nothing of Cairn: plain Python, its own rules.

    python check_published.py TRUTH.json PRODUCTS.json MEDIA_FOLDER RELEASES_FOLDER

TRUTH.json is what the demonstration's generator knows; PRODUCTS.json the declared products;
MEDIA_FOLDER holds admin2.csv; RELEASES_FOLDER one JSON file a release, as the HQ site keeps them.
Every published cell must equal the truth of its release, or be hidden; the script tabulates the
truth by its own means from docs/spec/release.md (REL-001..007). It prints a summary as JSON and
ends with 1 when a number differs.
"""

import csv
import json
import re
import sys
from collections import Counter, defaultdict
from itertools import product as combinations
from pathlib import Path

TOTAL = "_T"
UNKNOWN = "_U"


def live_answers(truth, release):
    """Return (form, round, answers) of the records that a release counts."""
    for record in truth["records"]:
        gone = record["withdrawn_at_release"]
        if gone is not None and release >= gone:
            continue
        known = [v for v in record["versions"] if v["from_release"] <= release]
        if known:
            newest = max(known, key=lambda v: v["from_release"])
            yield record["form"], record["round"], newest["answers"]


def rows_of(answers, repeat):
    """Return the rows one record gives: itself, or one per instance of a repeat, by field name."""
    root = {}
    instances = defaultdict(dict)
    for path, text in answers.items():
        name = path.rpartition("/")[2]
        found = re.findall(r"/([^/\[]+)\[(\d+)\]", path)
        if not found:
            root[name] = text
        elif found[-1][0] == repeat:
            instances[int(found[-1][1])][name] = text
    if repeat is None:
        return [root]
    return [{**root, **own} for _, own in sorted(instances.items())]


def area_codes(code, level, parents):
    """Return the code's area at `level` and every coarser one, coarsest first."""
    if not code:
        return [UNKNOWN]
    chain = [code]
    while chain[0] in parents:
        chain.insert(0, parents[chain[0]])
    return chain[:level]


def read_parents(media):
    """Return admin 2 and location codes -> the area above."""
    parents = {}
    for name, above in (
        ("admin2.csv", "admin1"),
        ("locations.csv", "admin2"),
        ("flow_points.csv", "admin2"),
    ):
        with (Path(media) / name).open(encoding="utf-8", newline="") as source:
            parents.update({row["name"]: row[above] for row in csv.DictReader(source)})
    return parents


def level_of(name):
    """Return the number in admin0 .. adminN."""
    return int(name.removeprefix("admin"))


def geography_options(product, row, parents):
    """Return the codes under which a row counts in the geography dimension."""
    asked = product["geography"]
    level, field = (asked, None) if isinstance(asked, str) else (asked["level"], asked.get("field"))
    deepest = row.get(field) if field else row.get("admin2") or row.get("admin1")
    return [TOTAL, *area_codes(deepest or "", level_of(level), parents)]


def contributions(product, row):
    """Yield (fixed codes by dimension name, number) of one row."""
    measure = product.get("measure")
    if measure is None:
        yield {}, 1
    elif isinstance(measure, str):
        if row.get(measure):
            yield {}, float(row[measure])
    else:
        for column in measure["columns"]:
            if row.get(column["field"]):
                codes = {k: v for k, v in column.items() if k != "field"}
                yield codes, float(row[column["field"]])


def expected_cells(product, table, records, parents):
    """Return {codes in the order of the table's dimensions: number}, all margins included."""
    cells = Counter()
    where = product.get("where", {})
    for answers in records:
        for row in rows_of(answers, product.get("repeat")):
            if any(row.get(field, "") not in values for field, values in where.items()):
                continue
            for codes, number in contributions(product, row):
                options = [
                    codes_of(dimension, product, row, codes, parents)
                    for dimension in table["dimensions"]
                ]
                for pick in combinations(*options):
                    cells[pick] += number
    return cells


def codes_of(dimension, product, row, fixed, parents):
    """Return the codes under which a contribution counts in one dimension."""
    name, top = dimension["name"], dimension["top"]
    if name in fixed:
        return [top, fixed[name]]
    if dimension.get("areas") or name == "area":
        return [top if code == TOTAL else code for code in geography_options(product, row, parents)]
    text = row.get(dimension["field"] or name, "")
    if dimension["overlapping"]:
        # Several choices count once each, and have no total (REL-004).
        return text.split() or [UNKNOWN]
    return [top, text or UNKNOWN]


def read_cbor(data, at=0):
    """Read one item of the CBOR a release file is made of: arrays, bytes, text, whole numbers."""
    major, size = data[at] >> 5, data[at] & 31
    at += 1
    if size >= 24:
        width = 1 << (size - 24)
        size = int.from_bytes(data[at : at + width], "big")
        at += width
    if major == 0:
        return size, at
    if major in (2, 3):
        raw = data[at : at + size]
        return (raw if major == 2 else raw.decode()), at + size
    if major == 4:
        items = []
        for _ in range(size):
            item, at = read_cbor(data, at)
            items.append(item)
        return items, at
    raise ValueError(f"a release holds no CBOR of major type {major}")


def read_releases(folder):
    """Yield (number, content) of every release file in a folder, in order."""
    for file in sorted(Path(folder).glob("*.release")):
        (release, _signature), _ = read_cbor(file.read_bytes())
        parts, _ = read_cbor(release)
        yield parts[3], json.loads(parts[6])


def compare(truth, products, parents, releases):
    """Return what was found: counts, and every number that differs."""
    found = {"releases": 0, "tables": 0, "published": 0, "hidden": 0, "differ": [], "missing": []}
    for number, content in releases:
        found["releases"] += 1
        for table in content["tables"]:
            found["tables"] += 1
            compare_table(found, number, table, truth, products[table["product"]], parents)
    return found


def compare_table(found, number, table, truth, product, parents):
    """Compare one table with the truth of the release it was tabulated for."""
    records = [
        answers
        for form, round_number, answers in live_answers(truth, table["as_of"])
        if form == product["form"] and str(round_number) == str(table["round"])
    ]
    expected = expected_cells(product, table, records, parents)
    where = {"release": number, "product": table["product"], "round": table["round"]}
    seen = set()
    for *codes, value in table["cells"]:
        seen.add(tuple(codes))
        if value is None:
            found["hidden"] += 1
            continue
        found["published"] += 1
        if value != expected.get(tuple(codes), 0):
            true_value = expected.get(tuple(codes), 0)
            found["differ"].append({**where, "cell": codes, "said": value, "true": true_value})
    for codes in expected.keys() - seen:
        found["missing"].append({**where, "cell": list(codes), "true": expected[codes]})


def main(arguments):
    """Run as a script; return the exit status."""
    truth_file, products_file, media, releases = arguments
    truth = json.loads(Path(truth_file).read_text("utf-8"))
    declared = json.loads(Path(products_file).read_text("utf-8"))["products"]
    found = compare(
        truth,
        {product["id"]: product for product in declared},
        read_parents(media),
        read_releases(releases),
    )
    wrong = len(found["differ"]) + len(found["missing"])
    found["differ"], found["missing"] = found["differ"][:20], found["missing"][:20]
    print(json.dumps({**found, "wrong": wrong}, indent=1))
    return 1 if wrong or not found["published"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
