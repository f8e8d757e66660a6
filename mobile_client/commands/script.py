"""One process, many steps: JSON lines in, one reply a line out.

    {"op": "unlock", "name": "Amina"}
    {"op": "fill", "form": "household", "answers": {...}, "outcome": "finalize"}
    {"op": "sync"}
    {"ok": true, "value": {...}}  or  {"ok": false, "error": {"code": "...", "message": "..."}}

The passphrase comes from --passphrase-fd or CAIRN_PASSPHRASE. A line that fails changes nothing but
what its message says, and the next one is read. Step by step an interview goes with begin, answer,
next, back, consent, screen, close and decline.
"""

import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from mobile_client.commands.console import Options, chosen, passphrase, plain
from mobile_client.commands.operations import Operations, Request
from mobile_client.presenters.open_interview import OpenInterview
from mobile_client.presenters.views import ConsentGiven
from mobile_client.services.client import Client
from shared.clock import Clock
from shared.errors import CairnError, UsageError

LINE_BYTES_MAX = 8 << 20


class SetClock:
    """The machine's clock, moved to where a demonstration says; it goes on from there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the moved time."""
        return self._clock.now() + self._ahead

    def monotonic_s(self) -> float:
        """Return the machine's own monotonic time."""
        return self._clock.monotonic_s()

    def set(self, now: str) -> None:
        """Move to a time in ISO 8601 with its zone."""
        try:
            wanted = datetime.fromisoformat(now)
        except ValueError as error:
            raise UsageError("a time is written 2026-11-21T08:00:00+00:00") from error
        if wanted.tzinfo is None:
            raise UsageError("a time needs its zone, such as +00:00")
        self._ahead = wanted - self._clock.now()


class Script:
    """Reads requests and answers them, over one open client."""

    def __init__(self, client: Client, options: Options) -> None:
        self._client = client
        self._options = options
        self._interview: OpenInterview | None = None
        self._operations: Mapping[str, Callable[[Request], Any]] = {
            **Operations(client).names(),
            "unlock": self._unlock,
            "begin": self._begin,
            "resume": self._resume,
            "answer": self._answer,
            "next": lambda _: {"moved": self._open.next()},
            "back": lambda _: {"moved": self._open.back()},
            "screen": lambda _: plain(self._open.screen()),
            "outline": lambda _: plain(self._open.outline()),
            "consent": self._consent,
            "add_repeat": lambda r: self._open.add_repeat(str(r["path"])),
            "remove_repeat": lambda r: self._open.remove_repeat(str(r["path"])),
            "close": self._close,
            "decline": self._decline,
            "clock": self._set_clock,
        }

    def reply(self, line: str) -> dict[str, Any]:
        """Do what a line asks."""
        try:
            return {"ok": True, "value": plain(self._do(line))}
        except CairnError as error:
            return {"ok": False, "error": {"code": error.code, "message": error.message}}

    def _do(self, line: str) -> Any:
        if len(line) > LINE_BYTES_MAX:
            raise UsageError("a line is at most 8 MiB")
        try:
            request = json.loads(line)
        except ValueError as error:
            raise UsageError(f"a line is one JSON object: {error}") from error
        if not isinstance(request, dict) or request.get("op") not in self._operations:
            raise UsageError(f'"op" is one of {", ".join(sorted(self._operations))}')
        try:
            return self._operations[request["op"]](request)
        except KeyError as error:
            raise UsageError(f"{error} is missing") from error

    @property
    def _open(self) -> OpenInterview:
        if self._interview is None:
            raise UsageError("no interview is open; begin or resume one")
        return self._interview

    def _unlock(self, request: Request) -> dict[str, Any]:
        name = str(request.get("name", self._options.enumerator))
        person = chosen(self._client, name)
        word = request.get("passphrase") or passphrase(self._options)
        self._client.unlock(person, str(word))
        return {"enumerator": person, "drafts": len(self._client.drafts())}

    def _begin(self, request: Request) -> dict[str, Any]:
        self._interview = self._client.begin(str(request["form"]))
        return {"draft_id": self._interview.draft_id}

    def _resume(self, request: Request) -> dict[str, Any]:
        self._interview = self._client.resume(str(request["draft_id"]))
        return {"draft_id": self._interview.draft_id}

    def _answer(self, request: Request) -> dict[str, Any]:
        self._open.answer(str(request["path"]), str(request["text"]))
        return {"saved": True}

    def _consent(self, request: Request) -> dict[str, Any]:
        granted = frozenset(str(purpose) for purpose in request.get("granted", ()))
        given = ConsentGiven(granted, str(request.get("method", "verbal")), request.get("assent"))
        return {"in_force": self._open.consent(given)}

    def _close(self, request: Request) -> dict[str, Any]:
        del request
        draft_id = self._open.draft_id
        self._open.close()
        self._interview = None
        return {"draft_id": draft_id}

    def _set_clock(self, request: Request) -> dict[str, Any]:
        """Move a demonstration's clock: the device goes on from the time given."""
        clock = self._client.clock
        if not isinstance(clock, SetClock):
            raise UsageError("this device's clock is not moved by a script")
        clock.set(str(request["now"]))
        return {"now": clock.now().isoformat()}

    def _decline(self, request: Request) -> dict[str, Any]:
        outcome = str(request.get("outcome", "refused"))
        self._open.decline(outcome)
        self._interview = None
        return {"outcome": outcome}


def run_script(client: Client, options: Options) -> None:
    """Answer every line of standard input, each at once."""
    script = Script(client, options)
    for line in sys.stdin:
        if line.strip():
            sys.stdout.write(json.dumps(script.reply(line), ensure_ascii=False) + "\n")
            sys.stdout.flush()
