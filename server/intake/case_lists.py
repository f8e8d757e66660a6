"""Case lists: whom a device is to visit, sealed to it, version by version. Rules LIST-030 to 035.

The server keeps the newest version, wrapped, and what each mailbox says of it: so it knows whether
a step will do or the whole list must go. Letters are written and kept wrapped until they are
appended, in the transaction that changes the list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sqlmodel import Session

from server.db import reading
from server.governance.actions import Action
from server.governance.decide import Actor, Deny, Resource
from server.governance.enrolment import find_device
from server.governance.listing import step_between
from server.intake.lists import drop_said
from server.intake.mail import LETTER, mail_content
from server.intake.outbox import send_due
from server.mission import Mission, ask
from server.queries import lists, outbox
from server.queries.devices import all_devices
from server.tables.lists import CaseList, CaseListReader
from server.tables.project import DeviceState
from shared.errors import NotFound, PolicyDenied, UsageError
from shared.ids import AuthorId
from shared.records.list_delta import encode_delta
from shared.records.list_letter import How, packed, unpacked_blocks, write_letters
from shared.records.lists import canonical_list, doubled_key, rows_in
from shared.sealing.envelope import SALT_BYTES, Kind
from shared.sealing.wrap import unwrap, wrap

NAME_CHARS_MAX: Final = 120
_LIST: Final = b"case list "


@dataclass(frozen=True, slots=True)
class Given:
    """What giving a list came to.

    Attributes:
        whole: how many devices got the whole list, `steps` how many a step, `dropped` letter 0.
    """

    name: str
    serial: int
    rows: int
    whole: int
    steps: int
    dropped: int


def give_list(  # noqa: PLR0913, PLR0917 - what, to whom, why
    mission: Mission, actor: Actor, path: Path, to: Sequence[str], purpose: str, name: str = ""
) -> Given:
    """Seal a CSV file to devices as the newest version of a case list.

    Args:
        mission: unlocked.
        actor: who gives it.
        path: the file.
        to: labels of the devices; none: those that have it already.
        purpose: what they are to use it for.
        name: the list's name; else the file's without `.csv`.

    Raises:
        UsageError: no device, a revoked one, a doubled key, or a file that cannot be read.
        FormError, LimitExceeded: it is no list.
        PolicyDenied: the actor may not.
    """
    name = name or path.name.removesuffix(".csv")
    if not 0 < len(name) <= NAME_CHARS_MAX or "/" in name or "\n" in name:
        raise UsageError(f"a list's name has 1 to {NAME_CHARS_MAX} characters, no slash")
    try:
        data = canonical_list(path.read_bytes(), path.name)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if doubled_key(data) is not None:
        raise UsageError(f"{path.name}: two rows have one key; give each case its own")
    devices = [find_device(mission, label) for label in to]
    for device in devices:
        if device.state == DeviceState.REVOKED.value:
            raise UsageError(f"{device.label} is revoked; nothing is sent to it")
    with mission.records() as session:
        _permit(session, mission, actor, name, purpose)
        readers = {reader.device: reader for reader in lists.readers(session, name)}
        authors = {device.author for device in devices} or set(readers)
        if not authors:
            raise UsageError("name at least one device (--to)")
        given = _Giving(session, mission, name, data).give(authors, readers, actor)
    send_letters(mission)
    return given


def drop_list(mission: Mission, actor: Actor, name: str, purpose: str) -> int:
    """Take a case list back from every device and forget it; return from how many.

    Raises:
        NotFound: there is no such list.
        PolicyDenied: the actor may not.
    """
    with mission.records() as session:
        row = session.get(CaseList, name)
        if row is None:
            raise NotFound(f"there is no case list {name!r}")
        _permit(session, mission, actor, name, purpose)
        readers = lists.readers(session, name)
        for reader in readers:
            _take_back(session, mission, reader)
        session.delete(row)
    send_letters(mission)
    return len(readers)


def show_lists(mission: Mission) -> list[dict[str, Any]]:
    """Return every list with its version, and of a case list who has it."""
    with mission.inbox() as session:
        labels = {device.author: device.label for device in all_devices(session)}
    with reading(mission.stores.records) as session:
        choices: list[dict[str, Any]] = [
            {
                "list": row.name,
                "kind": "choices",
                "version": row.serial,
                "digest": row.digest.hex(),
                "rows": None,
                "devices": ["all"],
            }
            for row in lists.newest_choices(session)
        ]
        cases = [
            {
                "list": row.name,
                "kind": "cases",
                "version": row.serial,
                "digest": row.digest.hex(),
                "rows": row.row_count,
                "devices": sorted(labels[r.device] for r in lists.readers(session, row.name)),
            }
            for row in lists.case_lists(session)
        ]
    return choices + cases


def answer_wishes(mission: Mission) -> int:
    """Write the whole list to every device that asked for it (LIST-014); return how many."""
    with reading(mission.stores.records) as session:
        names = lists.wanted_names(session)
    sent = 0
    for name in names:
        with mission.records() as session:
            row = session.get(CaseList, name)
            if row is None:
                continue
            wishing = {r.device: r for r in lists.readers(session, name) if r.wanted}
            data = _content(mission, row)
            giving = _Giving(session, mission, name, data)
            # A new serial: whoever holds this version already passes the letter over.
            row.serial += 1
            session.add(row)
            for reader in wishing.values():
                giving.write_whole(reader, row.serial)
                sent += 1
    return sent


def send_letters(mission: Mission) -> None:
    """Append the letters that wait, and delete what they replaced."""
    send_due(mission, mail_content(mission))
    drop_stale(mission)


def drop_stale(mission: Mission) -> int:
    """Delete the payloads of letters that a later one replaced; return how many."""
    with reading(mission.stores.records) as session:
        salts = [salt for reader in lists.stale_readers(session) for salt in _salts(reader.stale)]
    if not salts:
        return 0
    dropped = drop_said(mission, salts)
    with mission.records() as session:
        for reader in lists.stale_readers(session):
            gone = set(salts)
            reader.stale = b"".join(s for s in _salts(reader.stale) if s not in gone)
            session.add(reader)
        lists.forget_gone(session)
    return dropped


class _Giving:
    """One version of a list on its way to devices, in one transaction."""

    def __init__(self, session: Session, mission: Mission, name: str, data: bytes) -> None:
        self._session = session
        self._mission = mission
        self._name = name
        self._data = data
        self._digest = sha256(data).digest()
        self._row = session.get(CaseList, name)

    def give(
        self, authors: set[bytes], readers: dict[bytes, CaseListReader], actor: Actor
    ) -> Given:
        """Store the version and write a letter to each device that lacks it."""
        before = b"" if self._row is None else _content(self._mission, self._row)
        step = step_between(before, self._data)
        content = b"" if step is None else encode_delta(step)
        serial = self._store(actor)
        whole = steps = dropped = 0
        for author, reader in readers.items():
            if author not in authors:
                _take_back(self._session, self._mission, reader)
                dropped += 1
        for author in sorted(authors):
            reader = readers.get(author) or self._new_reader(author)
            if reader.digest == self._digest and not reader.wanted:
                continue
            has_base = step is not None and reader.digest == step.base and not reader.wanted
            if has_base and self._write_step(reader, serial, content):
                steps += 1
            else:
                self.write_whole(reader, serial)
                whole += 1
        return Given(self._name, serial, _row_count(self._data), whole, steps, dropped)

    def _store(self, actor: Actor) -> int:
        row, mission = self._row, self._mission
        if row is not None and row.digest == self._digest:
            return row.serial
        aad = _LIST + self._name.encode()
        serial = 1 if row is None else row.serial + 1
        self._session.merge(
            CaseList(
                name=self._name,
                serial=serial,
                digest=self._digest,
                row_count=_row_count(self._data),
                sealed=wrap(mission.keychain.wrap, packed(self._data), aad, mission.random_bytes),
                published_by=actor.name,
                published_at=mission.clock.now(),
            )
        )
        self._session.flush()
        return serial

    def _new_reader(self, author: bytes) -> CaseListReader:
        """Return a device's row; one whose old letters are not deleted yet goes on."""
        held = self._session.get(CaseListReader, (self._name, author))
        return held or CaseListReader(
            name=self._name, device=author, serial=0, digest=bytes(32), whole_size=0, letters=b""
        )

    def write_whole(self, reader: CaseListReader, serial: int) -> None:
        """Write the whole list to a device; what its mailbox said of it before is stale."""
        salts, size = self._write(reader, serial, How.WHOLE, self._data)
        reader.stale += reader.letters
        reader.letters, reader.whole_size, reader.steps_size = salts, size, 0
        self._said(reader, serial)

    def _write_step(self, reader: CaseListReader, serial: int, content: bytes) -> bool:
        """Write a step unless the steps since the whole would exceed it (LIST-012)."""
        if reader.steps_size + len(packed(content)) > reader.whole_size:
            return False
        salts, size = self._write(reader, serial, How.STEP, content)
        reader.letters += salts
        reader.steps_size += size
        self._said(reader, serial)
        return True

    def _said(self, reader: CaseListReader, serial: int) -> None:
        reader.serial, reader.digest, reader.wanted = serial, self._digest, False
        self._session.add(reader)
        self._session.flush()

    def _write(
        self, reader: CaseListReader, serial: int, how: How, content: bytes
    ) -> tuple[bytes, int]:
        return _write(self._session, self._mission, reader, serial, how, content)


def _write(  # noqa: PLR0913, PLR0917 - one letter, whole
    session: Session,
    mission: Mission,
    reader: CaseListReader,
    serial: int,
    how: How,
    content: bytes = b"",
) -> tuple[bytes, int]:
    """Have a letter sent; return the salts of its parts and their bytes."""
    salts, size = b"", 0
    for letter in write_letters(reader.name, serial, how, content):
        salt = mission.random_bytes(SALT_BYTES)
        plain = letter.encode()
        sealed = wrap(mission.keychain.wrap, plain, LETTER + salt, mission.random_bytes)
        outbox.add_letter(session, AuthorId(reader.device), Kind.CASE_LIST, salt, sealed)
        salts, size = salts + salt, size + len(letter.data)
    return salts, size


def _take_back(session: Session, mission: Mission, reader: CaseListReader) -> None:
    """Write letter 0; the reader's row stays until what it names is deleted."""
    _write(session, mission, reader, reader.serial + 1, How.DROP)
    reader.stale += reader.letters
    reader.letters, reader.digest, reader.serial = b"", bytes(32), 0
    reader.whole_size = reader.steps_size = 0
    reader.wanted = False
    session.add(reader)


def _permit(session: Session, mission: Mission, actor: Actor, name: str, purpose: str) -> None:
    decision = ask(session, mission, actor, Action.RECORD_ASSIGN, Resource("list", name), purpose)
    if isinstance(decision, Deny):
        raise PolicyDenied(decision.reason)


def _content(mission: Mission, row: CaseList) -> bytes:
    sealed = unwrap(mission.keychain.wrap, row.sealed, _LIST + row.name.encode())
    return b"".join(unpacked_blocks((sealed,)))


def _row_count(data: bytes) -> int:
    return sum(1 for _ in rows_in((data,))) - 1


def _salts(joined: bytes) -> list[bytes]:
    return [joined[at : at + SALT_BYTES] for at in range(0, len(joined), SALT_BYTES)]
