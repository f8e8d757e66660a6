"""Read a form's TOML source into the three sheets of an XLSForm.

A workbook is a poor place to review three languages, so the source keeps one text per line:

- `<form>/form.toml`: settings, and the order of the parts.
- `<form>/<part>.toml`: one group (or repeat) each, its questions as `[[survey]]` tables.
- `<form>/lists.toml` and `common/lists.toml`: choice lists; a form's own list goes first.
- `common/messages.toml`: messages named by rows as `constraint_message = "count"`.

What the author did not write is never invented, with two exceptions that this module states
openly: `[defaults]` of a part, and the message `required` for a required row without its own.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

LANGUAGES: Final = {"en": "English (en)", "fr": "French (fr)", "ar": "Arabic (ar)"}
TEXTS: Final = ("label", "hint", "guidance_hint", "constraint_message", "required_message")
CAIRN: Final = {
    "class": "bind::cairn:disclosure",
    "generalise": "bind::cairn:generalise",
    "merge": "bind::cairn:merge",
    "purpose": "bind::cairn:purpose",
    "declassify": "bind::cairn:declassify",
    "measure": "bind::cairn:measure",
}
PLAIN: Final = (
    "type", "name", "required", "relevant", "constraint", "calculation", "choice_filter",
    "appearance", "parameters", "default", "read_only", "repeat_count", )  # fmt: skip
STRUCTURE: Final = frozenset({"begin_group", "end_group", "begin_repeat", "end_repeat"})
METADATA: Final = frozenset({"start", "end", "today", "deviceid", "username"})
UNASKED: Final = STRUCTURE | METADATA | {"note", "calculate", "hidden"}
VALUE_TYPE: Final = "bind::type"
"""A calculation is text unless its row says `value_type`."""
NAMESPACE: Final = 'cairn="https://cairn.invalid/xforms"'

Row = dict[str, str]
Lists = dict[str, dict[str, dict[str, str]]]


class SourceError(ValueError):
    """The source of a form says something the builder cannot turn into a row."""


@dataclass(frozen=True)
class Sheets:
    """The three sheets of one XLSForm; a row maps column heading to cell text."""

    survey: list[Row]
    choices: list[Row]
    settings: Row


@dataclass
class _Build:
    folder: Path
    messages: Mapping[str, Mapping[str, str]]
    overrides: Mapping[str, Mapping[str, Any]]
    rows: list[Row] = field(default_factory=list)


def read(folder: Path) -> Sheets:
    """Return the sheets of the form whose source lies in `folder`.

    Raises:
        SourceError: a row names an unknown key, message, part or choice list.
    """
    form = _load(folder / "form.toml")
    common = folder.parent / "common"
    build = _Build(folder, _load(common / "messages.toml"), form.get("override", {}))
    for part in form["part"]:
        _add_part(build, part)
    unused = set(build.overrides) - {row.get("name", "") for row in build.rows}
    if unused:
        raise SourceError(f"{folder.name}: override names no question: {sorted(unused)}")
    lists: Lists = {**_load(common / "lists.toml"), **_load(folder / "lists.toml")}
    return Sheets(build.rows, list(_choices(build.rows, lists)), _settings(form))


def _load(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise SourceError(f"{path} is missing")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"{path}: {error}") from error


def _add_part(build: _Build, part: Mapping[str, Any]) -> None:
    """Append the rows of one part, or of several wrapped in a group."""
    wrapper = {key: value for key, value in part.items() if key != "files"}
    if wrapper:
        build.rows.append(_row(build, {"type": "begin_group", **wrapper}, {}))
    for name in part["files"]:
        _add_file(build, name)
    if wrapper:
        build.rows.append({"type": "end_group"})


def _add_file(build: _Build, name: str) -> None:
    source = _load((build.folder / f"{name}.toml").resolve())
    defaults = source.get("defaults", {})
    group = source.get("group")
    if group:
        build.rows.append(_row(build, {"type": "begin_group", **group}, {}))
    for entry in source["survey"]:
        changed = {**entry, **build.overrides.get(entry.get("name", ""), {})}
        build.rows.append(_row(build, changed, defaults))
    if group:
        kind = group.get("type", "begin_group")
        build.rows.append({"type": kind.replace("begin", "end")})


def _row(build: _Build, entry: Mapping[str, Any], defaults: Mapping[str, str]) -> Row:
    """Return one survey row; defaults reach only rows that are asked."""
    kind = entry["type"].split()[0]
    entry = {**_defaults_for(kind, defaults), **entry}
    row: Row = {}
    for key, value in entry.items():
        if key in PLAIN:
            row[key] = str(value)
        elif key == "value_type":
            row[VALUE_TYPE] = str(value)
        elif key in CAIRN:
            row[CAIRN[key]] = str(value)
        elif key in TEXTS:
            row.update(_texts(build, key, value))
        else:
            raise SourceError(f"{build.folder.name}/{entry.get('name')}: unknown key {key!r}")
    if row.get("required") == "no":
        del row["required"]
    if row.get("required") and not any(key.startswith("required_message") for key in row):
        row.update(_texts(build, "required_message", "required"))
    return row


def _defaults_for(kind: str, defaults: Mapping[str, str]) -> Mapping[str, str]:
    if kind in STRUCTURE or kind in METADATA or kind == "note":
        return {}
    if kind in UNASKED:
        return {key: value for key, value in defaults.items() if key != "required"}
    return defaults


def _texts(build: _Build, key: str, value: str | Mapping[str, str]) -> Row:
    """Return a column per language; a bare string names a shared message."""
    if isinstance(value, str):
        if value not in build.messages:
            raise SourceError(f"{build.folder.name}: no shared message {value!r}")
        value = build.messages[value]
    missing = set(LANGUAGES) - set(value)
    if missing:
        raise SourceError(f"{build.folder.name}: {value} lacks {sorted(missing)}")
    return {f"{key}::{LANGUAGES[code]}": value[code].strip() for code in LANGUAGES}


def _choices(rows: list[Row], lists: Lists) -> Iterator[Row]:
    """Yield the choices of each list the survey names, in order of first use."""
    wanted: dict[str, None] = {}
    for row in rows:
        kind, _, rest = row["type"].partition(" ")
        if kind in {"select_one", "select_multiple", "rank"}:
            wanted[rest.split()[0]] = None
    for list_name in wanted:
        if list_name not in lists:
            raise SourceError(f"no choice list {list_name!r}")
        for name, entry in lists[list_name].items():
            extra = {key: value for key, value in entry.items() if key not in LANGUAGES}
            labels = {f"label::{title}": entry[code] for code, title in LANGUAGES.items()}
            yield {"list_name": list_name, "name": name, **labels, **extra}


def _settings(form: Mapping[str, Any]) -> Row:
    """Return the settings row; what Cairn reads goes on the instance root as well.

    pyxform keeps no settings column that it does not know, but writes `attribute::NAME` on the
    root of the primary instance: there an XForm made by any converter still says its basis.
    """
    settings = {key: str(value) for key, value in form["settings"].items()}
    for key in ("basis", "purposes", "consent"):
        if f"cairn_{key}" in settings:
            settings[f"attribute::cairn:{key}"] = settings[f"cairn_{key}"]
    return {"namespaces": NAMESPACE, "default_language": LANGUAGES["en"], **settings}
