"""Requests and replies as JSON, one a line: what `cairn xpath eval` and `cairn forms play` speak.

Every line gets exactly one reply, whatever it holds: {"ok": true, "value": ...} or {"ok": false,
"error": {"code", "message"}}. A script that counts lines is never left waiting.
"""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final, NoReturn

from shared import limits
from shared.errors import CairnError, LimitExceeded, UsageError

Answer = Callable[[dict[str, Any]], Any]
"""Answer one request with JSON data; raise a CairnError to refuse it."""

_UNREADABLE: Final = "the line is not a JSON object in UTF-8"


def serve(answer: Answer) -> None:
    """Answer standard input line by line on standard output, until it ends."""
    for reply in replies(sys.stdin.buffer, answer):
        sys.stdout.buffer.write(reply)
        sys.stdout.buffer.flush()


def replies(source: BinaryIO, answer: Answer) -> Iterator[bytes]:
    """Yield one reply for each line of a stream; a last line without an end counts too."""
    while line := source.readline(limits.JSON_LINE_BYTES_MAX + 1):
        too_long = len(line) > limits.JSON_LINE_BYTES_MAX
        while too_long and not line.endswith(b"\n"):
            rest = source.readline(limits.JSON_LINE_BYTES_MAX)
            if not rest:
                break
            line = rest
        # Written so, half a surrogate pair stays valid JSON.
        text = json.dumps(_reply(None if too_long else line, answer), ensure_ascii=False)
        yield text.encode("utf-8", "backslashreplace") + b"\n"


def _reply(line: bytes | None, answer: Answer) -> dict[str, Any]:
    try:
        return {"ok": True, "value": answer(_request(line))}
    except CairnError as error:
        return _refusal(error.code, error.message, getattr(error, "details", {}))
    except RecursionError:
        return _refusal(LimitExceeded.code, "the request nests too deep")
    except Exception as error:  # noqa: BLE001 - a bug of ours must not leave the other side waiting
        return _refusal(
            CairnError.code, f"this is a bug of Cairn's: {type(error).__name__} {error}"
        )


def _refusal(code: str, message: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"ok": False, "error": {"code": code, "message": message, **(details or {})}}


def _request(line: bytes | None) -> dict[str, Any]:
    """Return a line as a JSON object.

    Raises:
        UsageError: it is none.
        LimitExceeded: it is too long.
    """
    if line is None:
        raise LimitExceeded(f"a line is longer than {limits.JSON_LINE_BYTES_MAX} bytes")
    try:
        body: Any = json.loads(line, parse_constant=_no_number)
    except ValueError as error:
        raise UsageError(f"{_UNREADABLE}: {error}") from error
    if not isinstance(body, dict):
        raise UsageError(f"{_UNREADABLE}; it holds {type(body).__name__}")
    return body


def _no_number(name: str) -> NoReturn:
    raise UsageError(f"JSON has no number {name}")
