"""What commands and script lines do, as functions of a request: the same words in both."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from mobile_client.commands.console import plain
from mobile_client.commands.headless import (
    ALL,
    Filled,
    answer_pairs,
    end,
    fill_at_random,
    fill_case,
    fill_draft,
    fill_form,
)
from mobile_client.presenters.status import Destination
from mobile_client.services.client import Client
from mobile_client.services.hub_search import WAIT_S, FoundHubs
from shared.errors import UsageError

Request = Mapping[str, Any]
NEARBY: Final = "hub"
"""What `to` says for whichever known hub is found on the local network."""
_WAIT_MAX_S: Final = 60


class Operations:
    """Acts on one open client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def names(self) -> dict[str, Callable[[Request], Any]]:
        """Return the operations of a script by name."""
        return {
            "fill": self.fill,
            "finalize": self.finalize,
            "edit": self.edit,
            "tally": self.tally,
            "withdraw": self.withdraw,
            "slip_given": self.slip_given,
            "sync": self.sync,
            "find_hubs": self.find_hubs,
            "status": self.status,
            "list": self.listing,
            "lock": self.lock,
        }

    def fill(self, request: Request) -> Filled:
        """Fill a form, or go on with a draft, and end it as asked; the default is a draft."""
        client, consent = self._client, str(request.get("consent", ALL))
        if "draft_id" in request:
            filled = fill_draft(client, str(request["draft_id"]), self._pairs(request))
        elif "seed" in request:
            filled = fill_at_random(
                client, self._text(request, "form"), int(request["seed"]), consent=consent
            )
        else:
            pairs = self._pairs(request)
            filled = fill_form(client, self._text(request, "form"), pairs, consent=consent)
        return end(client, filled, str(request.get("outcome", "draft")))

    def finalize(self, request: Request) -> list[Filled]:
        """Seal one draft, or every ready one."""
        client = self._client
        if "draft_id" in request:
            drafts = [str(request["draft_id"])]
        else:
            drafts = [row.draft_id for row in client.drafts() if row.ready]
        return [end(client, Filled("draft", draft), "finalize") for draft in drafts]

    def edit(self, request: Request) -> Filled:
        """Correct a case and end it as asked; the default is to seal the correction."""
        record = self._text(request, "record_id")
        filled = fill_case(self._client, record, self._pairs(request))
        return end(self._client, filled, str(request.get("outcome", "finalize")))

    def tally(self, request: Request) -> dict[str, Any]:
        """Count a visit without an interview: refused, absent or inaccessible."""
        outcome = self._text(request, "outcome")
        if outcome not in ("refused", "absent", "inaccessible"):
            raise UsageError(f"a visit ends refused, absent or inaccessible, not {outcome!r}")
        self._client.tally(self._text(request, "form"), outcome)
        return {"outcome": outcome}

    def withdraw(self, request: Request) -> dict[str, Any]:
        """Take a withdrawal by its code."""
        self._client.withdraw(self._text(request, "code"))
        return {"kept": True}

    def slip_given(self, request: Request) -> dict[str, Any]:
        """Forget a slip: the respondent has it."""
        self._client.slip_given(self._text(request, "record_id"))
        return {"given": True}

    def sync(self, request: Request) -> dict[str, Any]:
        """Hand over to the mission server, to a hub or into a bundle, or apply a bundle."""
        client = self._client
        taken = 0
        transfer: Any = None
        if request.get("from_bundle"):
            taken = client.take_bundle(Path(request["from_bundle"]))
        else:
            transfer = client.hand_over(self._destination(request), _nothing, _never)
        return {
            "transfer": plain(transfer),
            "entries_taken": taken if transfer is None else transfer.entries_taken,
            "counts": plain(client.counts()),
        }

    def find_hubs(self, request: Request) -> FoundHubs:
        """List the hubs that announce themselves on the local network."""
        return self._client.find_hubs(self._wait_s(request))

    @staticmethod
    def _wait_s(request: Request) -> float:
        wait_s = request.get("wait_s", WAIT_S)
        if not isinstance(wait_s, int | float) or not 0 < wait_s <= _WAIT_MAX_S:
            raise UsageError(f"the wait lies between 0 and {_WAIT_MAX_S} seconds")
        return float(wait_s)

    def _destination(self, request: Request) -> Destination:
        if request.get("bundle"):
            path = Path(request["bundle"])
            return Destination("bundle", path.name, str(path))
        to = str(request.get("to") or "")
        if to == NEARBY:
            return self._client.nearby_hub(self._wait_s(request))
        if to.startswith("CAIRNHUB1."):
            return Destination("hub", "Hub", "".join(to.split()))
        if to:
            return Destination("mission", to, to)
        missions = [each for each in self._client.destinations() if each.kind == "mission"]
        if not missions:
            raise UsageError("this device belongs to no project yet; enrol it first")
        return missions[0]

    def status(self, request: Request) -> dict[str, Any]:
        """Tell what waits here."""
        del request
        client = self._client
        faults = {} if client.project is None else client.project.library.faults()
        return {
            "facts": plain(client.facts()),
            "upgrade": plain(client.upgrade()),
            "counts": plain(client.counts()),
            "banner": plain(client.banner()),
            "enumerators": [row.name for row in client.enumerators()],
            "collectors": {row.name: row.id[:4] for row in client.enumerators()},
            "forms": [row.form_id for row in client.forms()],
            "faults": faults,
            "unlocked": client.is_unlocked(),
        }

    def listing(self, request: Request) -> dict[str, Any]:
        """List forms, drafts, records, cases, slips and the lists that forms read."""
        del request
        client = self._client
        return {
            "forms": plain(client.forms()),
            "drafts": plain(client.drafts()),
            "records": plain(client.records()),
            "cases": plain(client.search("", 1000)),
            "slips": plain(client.slips_due()),
            "lists": plain(client.lists()),
        }

    def lock(self, request: Request) -> dict[str, Any]:
        """Forget the vault key."""
        del request
        self._client.lock()
        return {"locked": True}

    @staticmethod
    def _pairs(request: Request) -> list[tuple[str, str]]:
        return answer_pairs(request.get("answers", {}))

    @staticmethod
    def _text(request: Request, name: str) -> str:
        value = request.get(name)
        if not isinstance(value, str) or not value:
            raise UsageError(f'"{name}" is missing')
        return value


def _nothing(_: object) -> None:
    """Show no progress: the line is for replies."""


def _never() -> bool:
    return False
