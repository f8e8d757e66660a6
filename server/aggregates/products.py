"""Declared products: which table a mission publishes round after round. Rules REL-001..008."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.errors import FormError

KINDS: Final = ("survey", "stock", "flow")
UNITS: Final = ("persons", "households", "locations", "events", "amount")
AREA: Final = "area"
"""Name of the dimension of the record's place."""
_KEYS: Final = frozenset(
    {
        "id", "title", "form", "repeat", "kind", "unit", "measure", "geography", "dimensions",
        "where", "period", "sensitivity", "charts", "description",
    }
)  # fmt: skip

Titles = Mapping[str, str]
"""Language -> text."""


@dataclass(frozen=True)
class DimensionSpec:
    """One dimension of a product; `field` "" where measure columns give its categories."""

    name: str
    field: str
    title: Titles
    categories: tuple[str, ...] = ()
    labels: Mapping[str, Titles] | None = None


@dataclass(frozen=True)
class MeasureColumn:
    """One measure field that stands for given categories."""

    field: str
    where: Mapping[str, str]


@dataclass(frozen=True)
class Product:
    """One declared table."""

    id: str
    title: Titles
    description: Titles
    form: str
    repeat: str | None
    kind: str
    unit: str
    measure: str | None
    columns: tuple[MeasureColumn, ...]
    area_level: int | None
    area_field: str | None
    dimensions: tuple[DimensionSpec, ...]
    where: Mapping[str, tuple[str, ...]]
    sensitivity: str | None
    charts: tuple[str, ...]

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """Names of all dimensions, the area first."""
        area = (AREA,) if self.area_level is not None else ()
        return (*area, *(dimension.name for dimension in self.dimensions))


def read_products(data: bytes) -> tuple[Product, ...]:
    """Read a products file.

    Raises:
        FormError: every problem found, a line each, naming product and key (REL-008).
    """
    try:
        content = json.loads(data)
    except ValueError as error:
        raise FormError(f"products.json is not JSON: {error}") from error
    entries = content.get("products") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise FormError('products.json must be {"version": "1", "products": [...]}')
    problems: list[str] = []
    products: list[Product] = []
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            problems.append(f"product {number}: must be an object")
            continue
        found = list(_problems(entry))
        problems += [f"product {entry.get('id', number)}: {line}" for line in found]
        if not found:
            products.append(_product(entry))
    ids = [product.id for product in products]
    problems += [f"product {name}: there are two of this id" for name in _twice(ids)]
    if problems:
        raise FormError("\n".join(problems))
    return tuple(products)


def _problems(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with one entry."""
    for key in sorted(entry.keys() - _KEYS):
        yield f"there is no key {key!r}; keys are {', '.join(sorted(_KEYS))}"
    for key in ("id", "title", "form", "kind", "unit"):
        if not entry.get(key):
            yield f"{key} is missing"
    if entry.get("kind", KINDS[0]) not in KINDS:
        yield f"kind must be one of {', '.join(KINDS)}, not {entry['kind']!r}"
    if entry.get("unit", UNITS[0]) not in UNITS:
        yield f"unit must be one of {', '.join(UNITS)}, not {entry['unit']!r}"
    if entry.get("period", "round") != "round":
        yield "period must be 'round': stocks are never summed across rounds"
    geography = entry.get("geography")
    level = geography.get("level") if isinstance(geography, dict) else geography
    if level is not None and not _is_level(level):
        yield f"geography must be admin0, admin1, ... or null, not {level!r}"
    yield from _measure_problems(entry)
    names = [_dimension(each).name for each in entry.get("dimensions", ()) if _is_dimension(each)]
    if len(names) != len(entry.get("dimensions", ())):
        yield "each dimension must be a field's name or an object with field or name"
    yield from (f"two dimensions are called {name}" for name in _twice([*names, AREA]))
    where = entry.get("where", {})
    if not isinstance(where, dict) or not all(isinstance(value, list) for value in where.values()):
        yield "where must give a list of values by field"


def _measure_problems(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the measure."""
    measure = entry.get("measure")
    if measure is None or isinstance(measure, str):
        return
    columns = measure.get("columns") if isinstance(measure, dict) else None
    if not isinstance(columns, list) or not columns:
        yield 'measure must be null, a field\'s name, or {"columns": [...]}'
        return
    names = {
        _dimension(each).name
        for each in entry.get("dimensions", ())
        if _is_dimension(each) and not _dimension(each).field
    }
    for column in columns:
        if "field" not in column:
            yield "a measure column lacks its field"
        elif set(column) - {"field"} != names:
            yield (
                f"measure column {column['field']} must name a category of each of: "
                f"{', '.join(sorted(names)) or 'no dimension'}"
            )


def _product(entry: Mapping[str, Any]) -> Product:
    """Build a product from an entry without problems."""
    geography = entry.get("geography")
    level = geography["level"] if isinstance(geography, dict) else geography
    measure = entry.get("measure")
    columns = measure["columns"] if isinstance(measure, dict) else ()
    return Product(
        id=entry["id"],
        title=_titles(entry["title"]),
        description=_titles(entry.get("description", {})),
        form=entry["form"],
        repeat=entry.get("repeat") or None,
        kind=entry["kind"],
        unit=entry["unit"],
        measure=measure if isinstance(measure, str) else None,
        columns=tuple(
            MeasureColumn(column["field"], {k: v for k, v in column.items() if k != "field"})
            for column in columns
        ),
        area_level=int(level.removeprefix("admin")) if level is not None else None,
        area_field=geography.get("field") if isinstance(geography, dict) else None,
        dimensions=tuple(_dimension(each) for each in entry.get("dimensions", ())),
        where={name: tuple(values) for name, values in entry.get("where", {}).items()},
        sensitivity=entry.get("sensitivity"),
        charts=tuple(entry.get("charts", ())),
    )


def _dimension(entry: Any) -> DimensionSpec:
    """Read one dimension: a field's name, or an object."""
    if isinstance(entry, str):
        return DimensionSpec(entry, entry, {})
    name = entry.get("name") or entry.get("field", "")
    labels = entry.get("labels")
    return DimensionSpec(
        name,
        entry.get("field", ""),
        _titles(entry.get("title", {})),
        tuple(entry.get("categories", ())),
        {code: _titles(text) for code, text in labels.items()} if labels else None,
    )


def _is_dimension(entry: Any) -> bool:
    """Tell whether a dimension's entry can be read."""
    return isinstance(entry, str) or (
        isinstance(entry, dict) and bool(entry.get("field") or entry.get("name"))
    )


def _is_level(level: Any) -> bool:
    """Tell whether a text names an area level."""
    return isinstance(level, str) and level.startswith("admin") and level[5:].isdigit()


def _titles(value: Any) -> Titles:
    """Return titles by language; a bare text is English."""
    return {"en": value} if isinstance(value, str) else dict(value)


def _twice(names: list[str]) -> list[str]:
    """Return the names that occur more than once."""
    return sorted({name for name in names if names.count(name) > 1})
