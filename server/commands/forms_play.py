"""`cairn forms play`: an interview over JSON lines, for scripts and checks.

One request a line, one reply a line: {"ok": true, "value": ...} or {"ok": false, "error": {...}}.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Any

from shared.clock import RandomBytes
from shared.errors import CairnError, SubmissionInvalid, UsageError
from shared.forms.definition import Form
from shared.forms.interview import Interview, NodeState
from shared.forms.xpath.tables import Instance

Operation = Callable[[Mapping[str, Any]], Any]


class Player:
    """Holds one interview and answers requests about it."""

    def __init__(
        self,
        form: Form,
        *,
        now: datetime,
        zone: tzinfo,
        random_bytes: RandomBytes,
        language: str | None,
        attachments: Mapping[str, Instance],
    ) -> None:
        self._form = form
        self._now = now
        self._zone = zone
        self._random_bytes = random_bytes
        self._attachments = attachments
        self._interview = Interview(
            form,
            clock_now=now,
            tz=zone,
            random_bytes=random_bytes,
            language=language,
            attachments=attachments,
        )
        self._operations: dict[str, Operation] = {
            "set": self._set,
            "get": lambda request: state_json(self._interview.get(_path(request))),
            "choices": lambda request: [asdict(c) for c in self._choices(request)],
            "count": lambda request: self._interview.count(_path(request)),
            "add_repeat": lambda request: self._interview.add_repeat(_path(request)),
            "remove_repeat": self._remove_repeat,
            "next": lambda _request: asdict(self._interview.next()),
            "prev": lambda _request: asdict(self._interview.prev()),
            "at": lambda _request: asdict(self._interview.at()),
            "goto": lambda request: asdict(self._interview.goto(_path(request))),
            "language": self._language,
            "violations": lambda _request: [asdict(v) for v in self._interview.violations()],
            "save": lambda _request: base64.b64encode(self._interview.snapshot()).decode(),
            "restore": self._restore,
            "finalize": self._finalize,
            "entities": lambda _request: [asdict(e) for e in self._interview.entities()],
        }

    def answer(self, line: str) -> dict[str, Any]:
        """Return the reply to one request line."""
        try:
            return {"ok": True, "value": self._run(line)}
        except SubmissionInvalid as error:
            broken = [asdict(violation) for violation in self._interview.violations()]
            told = {"code": error.code, "message": error.message, "violations": broken}
            return {"ok": False, "error": told}
        except CairnError as error:
            return {"ok": False, "error": {"code": error.code, "message": error.message}}

    def _run(self, line: str) -> Any:
        try:
            request: Any = json.loads(line)
        except ValueError as error:
            raise UsageError(f"the line is not JSON: {error}") from error
        name = request.get("op") if isinstance(request, dict) else None
        operation = self._operations.get(name) if isinstance(name, str) else None
        if operation is None:
            known = ", ".join(self._operations)
            raise UsageError(f"there is no operation {name!r}; use one of {known}")
        return operation(request)

    def _set(self, request: Mapping[str, Any]) -> Any:
        return state_json(self._interview.set(_path(request), answer_text(request.get("value"))))

    def _choices(self, request: Mapping[str, Any]) -> tuple[Any, ...]:
        return self._interview.choices(_path(request))

    def _remove_repeat(self, request: Mapping[str, Any]) -> None:
        self._interview.remove_repeat(_path(request))

    def _language(self, request: Mapping[str, Any]) -> str:
        wanted = request.get("language", request.get("value"))
        if wanted is not None:
            self._interview.language = str(wanted)
        return self._interview.language

    def _restore(self, request: Mapping[str, Any]) -> Any:
        try:
            data = base64.b64decode(str(request.get("value", request.get("data", ""))))
        except ValueError as error:
            raise UsageError("restore takes the text that save replied with") from error
        self._interview = Interview.restore(
            self._form,
            data,
            clock_now=self._now,
            tz=self._zone,
            random_bytes=self._random_bytes,
            attachments=self._attachments,
        )
        return asdict(self._interview.at())

    def _finalize(self, _request: Mapping[str, Any]) -> str:
        self._interview.finalize()
        return self._interview.instance_xml()


def _path(request: Mapping[str, Any]) -> str:
    path = request.get("path")
    if not isinstance(path, str):
        raise UsageError('this operation needs a "path", such as /data/member[2]/age')
    return path


def answer_text(value: Any) -> str:
    """Return a JSON value as the text a field stores."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(answer_text(one) for one in value)
    return str(value)


def state_json(state: NodeState) -> dict[str, Any]:
    """Return a question's state as JSON data, its choices left to `choices`."""
    shown = {
        name: getattr(state, name) for name in state.__slots__ if name not in ("choices", "media")
    }
    return {**shown, "media": dict(state.media), "attributes": dict(state.attributes)}
