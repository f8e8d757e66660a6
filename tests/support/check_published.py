"""Compare published numbers with the truth. Imports nothing of Cairn: plain Python, its own rules.

    python check_published.py TRUTH.json PRODUCTS.json MEDIA_FOLDER RELEASES_FOLDER

TRUTH.json is what the demonstration's generator knows; PRODUCTS.json the declared products;
MEDIA_FOLDER holds admin2.csv; RELEASES_FOLDER one JSON file a release, as the HQ site keeps them.
Every published cell must equal the truth of its release, or be hidden; the script tabulates the
truth by its own means from docs/spec/release.md (REL-001..007). It prints a summary as JSON and
ends with 1 when a number differs.
"""

import csv
import re
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
    return int(name.removeprefix("admin"))


def geography_options(product, row, parents):
    """Return the codes under which a row counts in the geography dimension."""
    asked = product["geography"]
    level, field = (asked, None) if isinstance(asked, str) else (asked["level"], asked.get("field"))
    deepest = row.get(field) if field else row.get("admin2") or row.get("admin1")
    return [TOTAL, *area_codes(deepest or "", level_of(level), parents)]


def dimension_options(dimension, row, many):
    """Return the codes under which a row counts in one dimension; several for several choices."""
    text = row.get(dimension.get("field", dimension.get("name")), "")
    if many:
        return text.split() or [UNKNOWN]
    return [TOTAL, text or UNKNOWN]


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


def name_of(dimension):
    return dimension.get("name", dimension["field"]) if isinstance(dimension, dict) else dimension


def expected_cells(product, answers, parents, many_fields):
    """Return {frozenset of (dimension, code) without totals: number} of one product and round."""
    cells = Counter()
    where = product.get("where", {})
    dimensions = [d if isinstance(d, dict) else {"field": d} for d in product.get("dimensions", ())]
    for record in answers:
        for row in rows_of(record, product.get("repeat")):
            if any(row.get(field, "") not in values for field, values in where.items()):
                continue
            for codes, number in contributions(product, row):
                options = [[("area", code) for code in geography_options(product, row, parents)]]
                for dimension in dimensions:
                    name = name_of(dimension)
                    if name in codes:
                        options.append([(name, TOTAL), (name, codes[name])])
                    else:
                        many = dimension.get("field") in many_fields
                        options.append(
                            [(name, code) for code in dimension_options(dimension, row, many)]
                        )
                for pick in combinations(*options):
                    cells[frozenset(pair for pair in pick if pair[1] != TOTAL)] += number
    return cells
