"""`cairn xpath`: expressions on documents, one JSON object a line in, one out."""

import json
import os
import sys
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from shared.errors import CairnError, UsageError
from shared.forms.xpath.evaluate import Question, evaluate

app = typer.Typer(help="Evaluate expressions: JSON lines in and out.", no_args_is_help=True)


@app.callback()
def commands() -> None:
    """Evaluate expressions: JSON lines in and out."""


@app.command("eval")
def evaluate_lines() -> None:
    """Answer each request line with {"ok": true, "value"} or {"ok": false, "error"}."""
    for line in sys.stdin:
        if line.strip():
            sys.stdout.write(json.dumps(answer(line), ensure_ascii=False) + "\n")
            sys.stdout.flush()


def answer(line: str) -> dict[str, Any]:
    """Return the reply to one request line."""
    try:
        return {"ok": True, "value": evaluate(_question(line), os.urandom)}
    except CairnError as error:
        return {"ok": False, "error": {"code": error.code, "message": error.message}}


def _question(line: str) -> Question:
    """Return a request as a question.

    Raises:
        UsageError: not JSON, or a field of the wrong kind.
    """
    try:
        body: Any = json.loads(line)
    except ValueError as error:
        raise UsageError(f"the line is not JSON: {error}") from error
    if not isinstance(body, dict) or not isinstance(body.get("expr"), str):
        raise UsageError('a request is an object with at least {"expr": "..."}')
    for name in ("xml", "context", "type", "tz", "now", "root", "lang"):
        if not isinstance(body.get(name), str | None):
            raise UsageError(f"{name} is a text or null")
    namespaces = body.get("namespaces") or {}
    if not isinstance(namespaces, dict):
        raise UsageError("namespaces is an object of prefix: URI")
    return Question(
        expression=body["expr"],
        xml=body.get("xml"),
        context=body.get("context"),
        type=body.get("type") or "any",
        namespaces={str(prefix): str(uri) for prefix, uri in namespaces.items()},
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
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
