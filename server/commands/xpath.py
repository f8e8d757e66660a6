"""`cairn xpath`: expressions on documents, one JSON object a line in, one out."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from server.commands.json_lines import serve
from shared.errors import UsageError
from shared.forms.xpath.evaluate import Question, evaluate

_YEAR_LEAST: Final = 2
_YEAR_MOST: Final = 9998
"""Every zone can tell the time in these."""

app = typer.Typer(help="Evaluate expressions: JSON lines in and out.", no_args_is_help=True)


@app.callback()
def commands() -> None:
    """Evaluate expressions: JSON lines in and out."""


@app.command("eval")
def evaluate_lines() -> None:
    """Answer each request line with {"ok": true, "value"} or {"ok": false, "error"}."""
    serve(answer)


def answer(request: Mapping[str, Any]) -> Any:
    """Return the value one request asks for.

    Raises:
        CairnError: it cannot be read or evaluated.
    """
    return evaluate(_question(request), os.urandom)


def _question(body: Mapping[str, Any]) -> Question:
    """Return a request as a question.

    Raises:
        UsageError: a field of the wrong kind.
    """
    if not isinstance(body.get("expr"), str):
        raise UsageError('a request is an object with at least {"expr": "..."}')
    for name in ("xml", "context", "type", "tz", "now", "root", "lang"):
        if not isinstance(body.get(name), str | None):
            raise UsageError(f"{name} is a text or null")
    namespaces = body.get("namespaces") or {}
    if not isinstance(namespaces, dict) or not all(
        isinstance(uri, str) for uri in namespaces.values()
    ):
        raise UsageError("namespaces is an object of prefix: URI")
    return Question(
        expression=body["expr"],
        xml=body.get("xml"),
        context=body.get("context"),
        type=body.get("type") or "any",
        namespaces=namespaces,
        now=moment(body.get("now")),
        zone=zone(body.get("tz")),
        root=body.get("root") or body.get("root_node"),
        language=body.get("lang") or "",
    )


def zone(name: str | None) -> tzinfo:
    """Return a time zone by name; UTC when none is given.

    Raises:
        UsageError: no such zone.
    """
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"there is no time zone {name!r}; write e.g. Africa/Nairobi") from error


def moment(text: str | None) -> datetime:
    """Return an ISO instant; the current one when none is given.

    Raises:
        UsageError: not an ISO time.
    """
    if not text:
        return datetime.now(UTC)  # noqa: TID251 - a command line is a composition root
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not a time such as 2026-03-31T12:00:00Z") from error
    if not _YEAR_LEAST <= parsed.year <= _YEAR_MOST:
        raise UsageError(f"{text!r} lies outside the years {_YEAR_LEAST} to {_YEAR_MOST}")
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
