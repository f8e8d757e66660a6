"""Resolve forms/source/products.toml against the forms and write forms/products.json.

The result is what docs/spec/release.md (REL-001..008) declares: the tables a release can hold.
Each code carries its label in every language, so that the HQ site titles a table without holding
a form; and a product that names a question which is gone, direct, or asked for another purpose
breaks the build here and not a release in the field.
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

VERSION: Final = "1"
PURPOSE: Final = "statistics"

Json = dict[str, Any]
Labels = Mapping[str, Mapping[str, str]]
"""Code -> language -> text, in the order the codes are shown."""


@dataclass(frozen=True)
class FormIndex:
    """The fields of one form by name, the repeat each belongs to, and the labels of choices."""

    rows: Mapping[str, Row]
    repeats: Mapping[str, str]
    choices: Mapping[str, Labels]


@cache
def index(folder: Path) -> FormIndex:
    """Return the index of the form whose source lies in `folder`."""
    sheets = source.read(folder)
    rows, repeats = {}, {}
    for row, repeat in walk(sheets.survey):
        rows[row["name"]], repeats[row["name"]] = row, repeat
    choices: dict[str, dict[str, Mapping[str, str]]] = {}
    for choice in sheets.choices:
        label = {code: choice[f"label::{title}"] for code, title in LANGUAGES.items()}
        choices.setdefault(choice["list_name"], {})[choice["name"]] = label
    return FormIndex(rows, repeats, choices)


def walk(survey: list[Row]) -> Iterator[tuple[Row, str]]:
    """Yield each named row with the name of the innermost repeat around it, "" for none."""
    repeats = [""]
    for row in survey:
        if row["type"] == "begin_repeat":
            repeats.append(row["name"])
        elif row["type"] == "end_repeat":
            repeats.pop()
        if "name" in row:
            yield row, repeats[-1]


def resolve(sources: Path) -> Json:
    """Return the content of products.json.

    Raises:
        SourceError: a product names a form, question or code that does not exist or may not
            serve statistics.
    """
    text = tomllib.loads((sources / "products.toml").read_text(encoding="utf-8"))
    countries = {code: {"en": en, "fr": fr, "ar": ar} for code, en, fr, ar in geography.COUNTRIES}
    lists = {**text["codes"], "countries": countries}
    products = [
        _Product(entry, sources, lists, text["titles"]).resolved() for entry in text["product"]
    ]
    return {"version": VERSION, "products": products}


def write(sources: Path, target: Path) -> None:
    """Write products.json."""
    text = json.dumps(resolve(sources), ensure_ascii=False, indent=1)
    target.write_text(text + "\n", encoding="utf-8")


class _Product:
    """One product being resolved."""

    def __init__(
        self, entry: Json, sources: Path, lists: Mapping[str, Labels], titles: Labels
    ) -> None:
        self.entry = entry
        self.lists = lists
        self.titles = titles
        folder = sources / entry["form"]
        if not folder.is_dir():
            raise self._error(f"there is no form {entry['form']!r}")
        self.form = index(folder)

    def resolved(self) -> Json:
        """Return the entry with dimensions labelled, after checking every name in it."""
        dimensions = [self._dimension(item) for item in self.entry.get("dimensions", ())]
        self._check_measure()
        for name, values in self.entry.get("where", {}).items():
            known = self.form.choices.get(_list_of(self._row(name)))
            if known is not None and set(values) - set(known):
                raise self._error(f"{name} has no choices {sorted(set(values) - set(known))}")
        return {**self.entry, "dimensions": dimensions}

    def _error(self, what: str) -> SourceError:
        return SourceError(f"products.toml, {self.entry.get('id')}: {what}")

    def _row(self, name: str) -> Row:
        if name not in self.form.rows:
            raise self._error(f"{self.entry['form']} has no question {name!r}")
        if self.form.repeats[name] not in {"", self.entry.get("repeat", "")}:
            raise self._error(f"{name} belongs to another repeat")
        row = self.form.rows[name]
        if row.get(CAIRN["class"]) == "direct":
            raise self._error(f"{name} is a direct identifier; no product may read it")
        if PURPOSE not in row.get(CAIRN["purpose"], PURPOSE).split():
            raise self._error(f"{name} may not serve the purpose {PURPOSE}")
        return row

    def _check_measure(self) -> None:
        measure = self.entry.get("measure")
        columns = measure["columns"] if isinstance(measure, dict) else []
        fields = [column["field"] for column in columns] or ([measure] if measure else [])
        for name in fields:
            if not self._row(name).get(CAIRN["measure"]):
                raise self._error(f"{name} is not declared a measure and cannot be summed")

    def _dimension(self, item: Json) -> Json:
        """Return the dimension with title, categories and labels."""
        resolved = {key: value for key, value in item.items() if key != "codes"}
        row = self._row(item["field"]) if "field" in item else {}
        name = item.get("name") or item["field"]
        if name not in self.titles:
            raise self._error(f"[titles] has no heading for {name!r}")
        resolved["title"] = {code: self.titles[name][code] for code in LANGUAGES}
        codes = item.get("codes") or _list_of(row)
        if codes == "areas":
            return resolved
        labels = self.form.choices.get(codes) or self.lists.get(codes)
        if labels is None:
            raise self._error(f"there is no list of codes {codes!r}")
        used = self._codes_of_columns(item.get("name", "")) if "field" not in item else set(labels)
        if used - set(labels):
            raise self._error(f"{codes} has no codes {sorted(used - set(labels))}")
        kept = {code: dict(label) for code, label in labels.items() if code in used}
        return {**resolved, "categories": list(kept), "labels": kept}

    def _codes_of_columns(self, name: str) -> set[str]:
        return {column[name] for column in self.entry["measure"]["columns"]}


def _list_of(row: Row) -> str:
    """Return the choice list a select draws from, "" for anything else."""
    kind, _, rest = row.get("type", "").partition(" ")
    return rest.split()[0] if kind in {"select_one", "select_multiple"} else ""
