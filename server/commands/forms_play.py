"""`cairn forms play`: an interview over JSON lines, for scripts and checks.

How requests and replies travel is in json_lines.py; here is what each operation does.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Any

from shared.clock import RandomBytes
from shared.errors import SubmissionInvalid, UsageError
from shared.forms.definition import Form
from shared.forms.interview import Interview, NodeState
from shared.forms.xpath.tables import Instance
from shared.forms.xpath.values import number_text

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

    def answer(self, request: Mapping[str, Any]) -> Any:
        """Return what one request asks for.

        Raises:
            CairnError: it cannot be done; the interview is as it was.
        """
        name = request.get("op")
        operation = self._operations.get(name) if isinstance(name, str) else None
        if operation is None:
            known = ", ".join(self._operations)
            raise UsageError(f"there is no operation {name!r}; use one of {known}")
        return operation(request)

    def _set(self, request: Mapping[str, Any]) -> Any:
        if "value" not in request:
            raise UsageError('set needs a "value"; null takes the answer away')
        return state_json(self._interview.set(_path(request), answer_text(request["value"])))

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
            data = base64.b64decode(request.get("value", ""), validate=True)
        except (ValueError, TypeError) as error:
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
        try:
            self._interview.finalize()
        except SubmissionInvalid as error:
            broken = [asdict(violation) for violation in self._interview.violations()]
            raise _Refused(error.message, broken) from error
        return self._interview.instance_xml()


class _Refused(SubmissionInvalid):
    """Answers break rules; the reply lists them beside the message."""

    def __init__(self, message: str, violations: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(message, violations)
        self.details = {"violations": list(violations)}


def _path(request: Mapping[str, Any]) -> str:
    path = request.get("path")
    if not isinstance(path, str):
        raise UsageError('this operation needs a "path", such as /data/member[2]/age')
    return path


def answer_text(value: Any) -> str:
    """Return a JSON value as the text a field stores.

    Raises:
        UsageError: an object, or a list within a list.
    """
    if isinstance(value, list):
        return " ".join(_simple_text(one) for one in value)
    return _simple_text(value)


def _simple_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, int | str):
        return str(value)
    raise UsageError("a value is a text, a number, true, false, null, or a list of choices")


def state_json(state: NodeState) -> dict[str, Any]:
    """Return a question's state as JSON data, its choices left to `choices`."""
    shown = {
        name: getattr(state, name) for name in state.__slots__ if name not in ("choices", "media")
    }
    return {**shown, "media": dict(state.media), "attributes": dict(state.attributes)}
