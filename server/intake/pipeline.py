"""One step of intake: claim, open, judge, take in, finish, erase, write rows, tell. INTK-001..005.

Four stores cannot commit together, so each step commits by itself in an order that a kill at any
moment leaves repairable, and every step may be done twice:

1. inbox: entries are leased.
2. key store: records get their keys.
3. records store: revisions, conflicts, quarantine, counts, letters due, rows due; one transaction.
4. inbox: received payloads and the work go. Before this, the entry is simply taken in again.
5. key store and records store: withdrawals.
6. analytics: rows due.
7. inbox: broadcasts and letters due.
8. records store, then inbox: a few chunks of an attachment.
"""

import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from server.db import reading, writing
from server.governance.policy import Policy
from server.intake.admission import Standing, check_revision, check_sender
from server.intake.analytics import RowWriter
from server.intake.attaching import Attaching
from server.intake.case_lists import answer_wishes, drop_stale
from server.intake.forms import FormShelf
from server.intake.held import master_key
from server.intake.lists import prune_lists
from server.intake.mail import mail_content
from server.intake.opening import Carried, Opened, Opener, OpenRevision, OpenWithdrawal, Refused
from server.intake.outbox import send_due
from server.intake.reasons import Reason
from server.intake.shelf import list_shelved
from server.intake.taken import Taken
from server.intake.taking import Sealed, Taking
from server.intake.withdrawing import execute_withdrawals, finish_shredding, shred_overdue
from server.mission import Mission, policy_of
from server.queries import devices, quarantine, recordkeys, work
from server.queries.work import Claimed
from server.tables.project import DeviceState
from shared.errors import CairnError
from shared.ids import AuthorId

WORKER_NAME_BYTES: Final = 8

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did."""

    entries: int = 0
    aside: int = 0
    withdrawn: int = 0
    rows: int = 0
    sent: int = 0
    listed: int = 0
    attached: int = 0

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return not any(getattr(self, name) for name in self.__dataclass_fields__ if name != "aside")


class Intake:
    """Takes entries in, batch by batch; one object a process."""

    def __init__(self, mission: Mission) -> None:
        self._mission = mission
        self._name = mission.random_bytes(WORKER_NAME_BYTES).hex()
        self._forms = FormShelf(mission)
        self._opener = Opener(mission, self._forms)
        self._rows = RowWriter(mission, self._forms)
        self._attaching = Attaching(mission, self._name)
        finish_shredding(mission)

    @property
    def forms(self) -> FormShelf:
        """The forms at hand."""
        return self._forms

    def close(self) -> None:
        """Close the analytics store."""
        self._rows.close()

    def drain(self) -> Step:
        """Step until nothing is left to do; return the sums."""
        total = Step()
        while not (step := self.step()).idle:
            total = Step(*(getattr(total, n) + getattr(step, n) for n in Step.__dataclass_fields__))
        return total

    def step(self) -> Step:
        """Do what there is to do, at most one batch of entries.

        Raises:
            PolicyDenied: policy does not let intake work.
            StoreError: a store cannot be written; nothing is lost.
        """
        mission = self._mission
        listed = list_shelved(mission)
        settings = mission.settings.intake
        with mission.inbox() as session:
            ids = work.claim(
                session, self._name, mission.clock.now(), settings.lease_s, settings.batch
            )
        with reading(mission.stores.inbox) as session:
            claimed = work.load(session, ids)
        taken = self._batch(claimed) if claimed else Taken()
        shred_overdue(mission)
        reached = execute_withdrawals(mission)
        rows = self._rows.write_remembered()
        if reached or len(claimed) < settings.batch:
            rows += self._rows.drain()  # what must go, and what another worker left when killed
        answer_wishes(mission)
        sent = send_due(mission, mail_content(mission, self._forms))
        if sent:
            prune_lists(mission)
            drop_stale(mission)
        attached = self._attaching.step(busy=bool(claimed))
        return Step(len(claimed), len(taken.aside), reached, rows, sent, listed, attached)

    def _batch(self, claimed: Sequence[Claimed]) -> Taken:
        """Take a batch in; where one entry breaks the program, the others go on without it."""
        try:
            return self._take(claimed)
        except CairnError:
            raise
        except Exception as error:  # noqa: BLE001 - one entry must not stop all others
            if len(claimed) > 1:
                _log.warning("a batch of %d entries failed; trying one by one", len(claimed))
                total = Taken()
                for one in claimed:
                    total.aside += self._batch([one]).aside
                return total
            # Where, and never what: an exception's own words may hold an answer.
            steps = traceback.extract_tb(error.__traceback__)
            where = " < ".join(f"{step.name}:{step.lineno}" for step in reversed(steps))
            _log.error("entry %d fails: %s in %s", claimed[0].id, type(error).__name__, where)
            detail = f"the program failed on it: {type(error).__name__}"
            return self._commit([Refused(claimed[0], Reason.UNREADABLE, detail)])

    def _take(self, claimed: Sequence[Claimed]) -> Taken:
        with reading(self._mission.stores.records) as session:
            policy = policy_of(session)
            released = quarantine.released(session, [one.hash for one in claimed])
        with reading(self._mission.stores.inbox) as session:
            standing = Standing(work.unadmitted(session), _accept_through(session), released)
            opened = [self._judge(self._opener.open(session, e), policy, standing) for e in claimed]
        return self._commit(opened)

    def _judge(self, opened: Opened, policy: Policy, standing: Standing) -> Opened:
        """Return what was opened, or why it is refused."""
        if isinstance(opened, Carried | OpenWithdrawal | Refused):
            return opened
        refused = check_sender(opened, standing)
        if refused is None and isinstance(opened, OpenRevision):
            refused = check_revision(opened, policy, standing, self._mission.random_bytes)
        return refused or opened

    def _commit(self, opened: Sequence[Opened]) -> Taken:
        mission = self._mission
        ids = {one.body.record_id for one in opened if isinstance(one, OpenRevision)}
        with writing(mission.stores.keys) as session:
            keys = recordkeys.keys_for(session, ids, master_key(mission), mission.random_bytes)
        sealed = Sealed(opened, keys, mission.random_bytes)
        with mission.records() as session:
            policy = policy_of(session)
            taken = Taking(mission, session, self._forms, policy, sealed).run(opened)
        with mission.inbox() as session:
            work.finish(session, taken=taken.taken, keep=taken.keep, aside=taken.aside)
        self._rows.remember(taken.merged, policy)
        return taken


def _accept_through(session: Session) -> dict[bytes, dict[int, int]]:
    """Return how far the logs of revoked devices are taken."""
    found: dict[bytes, dict[int, int]] = {}
    for device in devices.all_devices(session):
        if device.state == DeviceState.REVOKED.value:
            rows = devices.accept_through(session, AuthorId(device.author))
            found[device.author] = {row.incarnation: row.sequence for row in rows}
    return found
