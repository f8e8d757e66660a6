"""Resolve forms/source/products.toml against the forms: paths, classes and labels filled in.

The result, forms/products.json, is what the aggregates room tabulates and the HQ site titles; it
names every field by its path, so that a renamed question breaks the build and not a release.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from forms.build import geography, source
from forms.build.source import CAIRN, LANGUAGES, Row, SourceError

SCHEMA: Final = "cairn-products-1"
PURPOSE: Final = "statistics"
UNITS: Final = frozenset({"person", "household", "location", "hour", "home"})
KINDS: Final = frozenset({"stock", "flow", "count"})
OPERATORS: Final = frozenset({"eq", "ne", "in", "selected"})

Json = dict[str, Any]


@dataclass(frozen=True)
class FormIndex:
    """The fields of one form by name: path, scope, row; and the labels of its choices."""

    rows: Mapping[str, Row]
    paths: Mapping[str, str]
    scopes: Mapping[str, str]
    choices: Mapping[str, list[Json]]


@cache
def index(folder: Path) -> FormIndex:
    """Return the index of the form whose source lies in `folder`."""
    sheets = source.read(folder)
    rows, paths, scopes = {}, {}, {}
    for row, path, scope in walk(sheets.survey):
        rows[row["name"]], paths[row["name"]], scopes[row["name"]] = row, path, scope
    choices: dict[str, list[Json]] = {}
    for choice in sheets.choices:
        label = {code: choice[f"label::{title}"] for code, title in LANGUAGES.items()}
        choices.setdefault(choice["list_name"], []).append(_code(choice["name"], label))
    return FormIndex(rows, paths, scopes, choices)


def walk(survey: list[Row]) -> Iterator[tuple[Row, str, str]]:
    """Yield each named row with its path and the path of the repeat it belongs to."""
    steps, repeats = ["/data"], ["/data"]
    for row in survey:
        kind = row["type"]
        if kind in {"end_group", "end_repeat"}:
            if repeats[-1] == steps[-1] and kind == "end_repeat":
                repeats.pop()
            steps.pop()
            continue
        path = f"{steps[-1]}/{row['name']}"
        if kind == "begin_repeat":
            repeats.append(path)
        yield row, path, repeats[-1]
        if kind in {"begin_group", "begin_repeat"}:
            steps.append(path)


def resolve(sources: Path) -> Json:
    """Return the content of products.json.

    Raises:
        SourceError: a product names a form, field, code list or word that does not exist.
    """
    text = tomllib.loads((sources / "products.toml").read_text(encoding="utf-8"))
    lists = {
        name: [_code(code, label) for code, label in codes.items()]
        for name, codes in text["codes"].items()
    }
    lists["countries"] = [
        _code(code, {"en": en, "fr": fr, "ar": ar}) for code, en, fr, ar in geography.COUNTRIES
    ]
    products = [_Product(entry, sources, lists).resolved() for entry in text["product"]]
    return {"schema": SCHEMA, "purpose": PURPOSE, "products": products}


def write(sources: Path, target: Path) -> None:
    """Write products.json."""
    text = json.dumps(resolve(sources), ensure_ascii=False, indent=1)
    target.write_text(text + "\n", encoding="utf-8")


def _code(code: str, label: Mapping[str, str]) -> Json:
    return {"code": code, "label": {name: label[name] for name in LANGUAGES}}


class _Product:
    """One product being resolved."""

    def __init__(self, entry: Json, sources: Path, lists: Mapping[str, list[Json]]) -> None:
        self.entry = entry
        self.lists = lists
        folder = sources / entry["form"]
        if not folder.is_dir():
            raise self._error(f"there is no form {entry['form']!r}")
        self.form = index(folder)

    def resolved(self) -> Json:
        entry = self.entry
        for key, known in (("unit", UNITS), ("kind", KINDS)):
            if entry[key] not in known:
                raise self._error(f"{key} is one of {sorted(known)}")
        repeat = entry.get("repeat")
        return {
            "id": entry["id"],
            "title": {name: entry["title"][name] for name in LANGUAGES},
            "form": entry["form"],
            "repeat": repeat,
            "scope": self.form.paths[repeat] if repeat else "/data",
            "unit": entry["unit"],
            "kind": entry["kind"],
            "period": self._period(entry["period"]),
            "one_per": [self._field(name) for name in entry.get("one_per", ())],
            "measure": self._measure(entry["measure"]),
            "dimensions": [self._dimension(item) for item in entry["dimensions"]],
            "filters": [self._filter(item) for item in entry.get("filters", ())],
        }

    def _error(self, what: str) -> SourceError:
        return SourceError(f"products.toml, {self.entry.get('id')}: {what}")

    def _row(self, name: str) -> Row:
        if name not in self.form.rows:
            raise self._error(f"{self.entry['form']} has no question {name!r}")
        row = self.form.rows[name]
        if row.get(CAIRN["class"]) == "direct":
            raise self._error(f"{name} is a direct identifier; no product may read it")
        if PURPOSE not in row.get(CAIRN["purpose"], PURPOSE).split():
            raise self._error(f"{name} may not serve the purpose {PURPOSE}")
        return row

    def _field(self, name: str) -> Json:
        row = self._row(name)
        return {
            "name": name,
            "path": self.form.paths[name],
            "scope": self.form.scopes[name],
            "disclosure": row[CAIRN["class"]],
        }

    def _period(self, name: str) -> Json:
        kind = "month" if self._row(name)["type"] == "date" else name
        return {"kind": kind, **self._field(name)}

    def _measure(self, measure: Any) -> Json:
        if measure == "count":
            return {"op": "count", "columns": []}
        columns = measure.get("columns") or [{"field": measure["sum"]}]
        resolved = []
        for column in columns:
            row = self._row(column["field"])
            if row["type"] not in {"integer", "calculate"}:
                raise self._error(f"{column['field']} is no number and cannot be summed")
            codes = {key: value for key, value in column.items() if key != "field"}
            counts = row.get(CAIRN["measure"])
            resolved.append({**self._field(column["field"]), "counts": counts, "codes": codes})
        return {"op": "sum", "columns": resolved}

    def _dimension(self, item: Json) -> Json:
        if "area" in item:
            levels = [{"level": int(name[-1]), **self._field(name)} for name in item["area"]]
            return {"id": item["id"], "kind": "area", "levels": levels}
        if item.get("columns"):
            return {"id": item["id"], "kind": "columns", "codes": self._codes(item["codes"])}
        return {
            "id": item["id"],
            "kind": "field",
            **self._field(item["field"]),
            "multiple": bool(item.get("multiple")),
            "codes": self._codes(item.get("codes") or self._row(item["field"])["type"].split()[1]),
        }

    def _codes(self, name: str) -> list[Json]:
        found = self.form.choices.get(name) or self.lists.get(name)
        if found is None:
            raise self._error(f"there is no list of codes {name!r}")
        return found

    def _filter(self, item: Json) -> Json:
        if item["op"] not in OPERATORS:
            raise self._error(f"a filter's op is one of {sorted(OPERATORS)}")
        return {**self._field(item["field"]), "op": item["op"], "value": item["value"]}
