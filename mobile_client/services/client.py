"""The whole client without a window: every port of the presenters, over one home folder.

A home is worked on by one process at a time. Until somebody unlocks, only what needs no passphrase
is here: who shares the device, the log, counts, hand-over. Unlocking adds one enumerator's vault.
"""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from mobile_client.presenters.open_interview import OpenInterview
from mobile_client.presenters.ports import CodeView, DeviceFacts, Preferences, Slip
from mobile_client.presenters.rows import (
    CaseRow,
    DraftRow,
    FormRow,
    ListRow,
    RecordRow,
)
from mobile_client.presenters.status import Banner, Counts
from mobile_client.services.carrying import Carrying
from mobile_client.services.case_book import CaseBook
from mobile_client.services.device_policy import DEFAULT, DevicePolicy
from mobile_client.services.enrolment import Send, check_suite, code_view, enrol, read_code
from mobile_client.services.entity_book import EntityBook
from mobile_client.services.facts import banner, device_facts
from mobile_client.services.finalizing import Desk, Finalizer
from mobile_client.services.home_files import HomeFiles
from mobile_client.services.interviews import Interviews
from mobile_client.services.list_book import ListBook
from mobile_client.services.log_author import Sealed
from mobile_client.services.machine import Machine
from mobile_client.services.opened import Opened
from mobile_client.services.project import Project
from mobile_client.services.scripted import ScriptedFilling
from mobile_client.services.sharing import Sharing
from mobile_client.services.upgrading import Upgrading
from mobile_client.vault.database import VaultDatabase, refuse_newer_vault
from mobile_client.vault.key_slots import KeySlots
from mobile_client.vault.people import OpenedKeys, People
from mobile_client.vault.vault import Vault
from shared.errors import UsageError
from shared.records.list_letter import WANTED_FACT
from shared.records.small import Status, encode_status
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.keys import SecretKey, Suite
from sync.stores.lock import HomeLock
from sync.stores.sqlite_file import refuse_newer_log


class Client(Carrying, Sharing, Upgrading):
    """One home, with whoever unlocked it."""

    def __init__(
        self,
        home: Path,
        machine: Machine,
    ) -> None:
        """Open a home, or make one.

        Raises:
            StoreBusy: another process works on it.
            StoreFull: no space to work in.
            StoreTooNew: a newer version of the app wrote it; nothing was touched.
        """
        self.files = HomeFiles(home)
        self.machine = machine
        self.device = machine.device
        self.clock = machine.clock
        self.random_bytes = machine.random_bytes
        self._opened: Opened | None = None
        self._enumerator = ""
        self.project: Project | None = None
        # What was opened before a failure, a full disk's say, is given back: one may try again.
        with ExitStack() as opening:
            opening.enter_context(HomeLock(home))
            # Both, before either is brought up: a home of a newer program stays as it is.
            refuse_newer_vault(self.files.vault)
            refuse_newer_log(self.files.log)
            self._database = VaultDatabase(self.files.vault)
            opening.callback(self._database.close)
            self._slots = KeySlots(self.files.draft_keys, self.random_bytes)
            opening.callback(self._slots.close)
            self._slots.sweep({int(row["slot"]) for row in self._database.rows("drafts")})
            self._people = People(
                self._database,
                self.clock,
                self.random_bytes,
                cost=machine.cost,
                hardware_secret=self.device.keystore.secret(),
            )
            record = self.files.device()
            if record is not None:
                self.project = Project(self.files, record, self.machine)
            self._closing = opening.pop_all()

    def close(self) -> None:
        """Lock, close every file and give the home back."""
        self.lock()
        if self.project is not None:
            self.project.close()
        self._closing.close()

    # ---- joining

    def is_enrolled(self) -> bool:
        """Tell whether this home belongs to a project."""
        return self.project is not None

    def read_code(self, text: str) -> CodeView:
        """Read an enrolment code; refuse a malformed or expired one."""
        return code_view(read_code(text, self.clock))

    def join(
        self,
        code: str,
        device_label: str,
        name: str,
        passphrase: str,
        *,
        send: Send | None = None,
    ) -> None:
        """Make the first vault, enrol, keep the papers that come back, and unlock."""
        parsed = read_code(code, self.clock)
        if self.project is not None:
            raise UsageError("this device belongs to a project; a new one needs another home")
        person = self._people.find(name) or self.add_enumerator(name, passphrase)
        keys = self._people.open(person, passphrase)
        mailbox = SecretKey.from_bytes(
            check_suite(self.machine.suite), keys.mailbox_key or self.random_bytes(32)
        )
        self._people.share_mailbox(mailbox.to_bytes())
        record, reply = enrol(self.files, parsed, device_label, mailbox, send)
        project = Project(self.files, record, self.machine)
        project.welcome(reply)
        self.files.save_device(record)
        self.project = project
        self._open_vault(person, OpenedKeys(keys.vault_key, mailbox.to_bytes()))

    # ---- the vault

    def unlock(self, enumerator: str, passphrase: str) -> None:
        """Open a vault, and finish what a kill interrupted."""
        keys = self._people.open(enumerator, passphrase)
        if self.project is None:
            raise UsageError("this device belongs to no project yet; enrol it first")
        self._open_vault(enumerator, keys)

    def _open_vault(self, person: str, keys: OpenedKeys) -> None:
        assert self.project is not None, "only an enrolled device unlocks"
        self.lock()
        project = self.project
        suite = Suite(project.record.suite)
        self.mailbox = None if keys.mailbox_key is None else SecretKey(suite, keys.mailbox_key)
        vault = Vault(self._database, self._slots, person, keys.vault_key, self.random_bytes)
        self._enumerator = next(row.name for row in self._people.rows() if row.id == person)
        desk = Desk(
            vault=vault,
            project=project,
            clock=self.clock,
            zone=self.machine.zone,
            random_bytes=self.random_bytes,
            media_folder=self.files.media_folder,
            enumerator=self._enumerator,
            preferences=self.preferences,
            cases=CaseBook(project, vault, self.mailbox),
            entities=EntityBook(vault, project.record.author),
        )
        finalizer = Finalizer(desk)
        finalizer.recover()
        interviews = Interviews(desk, finalizer, self.device, project.record.author, self.policy)
        lists = ListBook(project, vault, self.mailbox)
        self._opened = Opened(vault, finalizer, interviews, desk.cases, lists)
        self.took_in()

    def is_unlocked(self) -> bool:
        """Tell whether a vault is open."""
        return self._opened is not None

    def lock(self) -> None:
        """Forget the vault key and the epoch secrets."""
        self._opened = None
        self.mailbox = None
        self._enumerator = ""
        if self.project is not None:
            self.project.library.case_lists = dict
            self.project.log.forget()

    def took_in(self) -> None:
        """Let forms read the case lists of whoever unlocked; ask for those that have a gap."""
        if self._opened is None or self.project is None:
            return
        lists = self._opened.lists
        self.project.library.case_lists = lists.tables
        wanted = lists.wanted()
        if wanted and self.project.peer.directory.ring is not None:
            # LIST-014: the server answers with the whole list.
            status = encode_status(Status({WANTED_FACT: "\n".join(wanted)}))
            self.project.log.append([Sealed(Kind.STATUS, {Compartment.BODY: status})])
            lists.asked(wanted)

    def destroy_vault(self) -> None:
        """Destroy the open vault's key and its drafts; sealed entries stay."""
        self._destroy(self._open.vault.owner)
        self.lock()

    def destroy_all_vaults(self) -> None:
        """Carry out a lost-device order: every vault goes, the sealed log stays."""
        for row in self._people.rows():
            self._destroy(row.id)
        self.lock()

    def _destroy(self, person: str) -> None:
        self._people.remove(person)
        self._slots.sweep({int(row["slot"]) for row in self._database.rows("drafts")})

    @property
    def _open(self) -> Opened:
        if self._opened is None:
            raise UsageError("the vault is locked; unlock it first")
        return self._opened

    def monotonic_s(self) -> float:
        """Return seconds from an arbitrary start."""
        return self.clock.monotonic_s()

    # ---- what lies here

    def policy(self) -> DevicePolicy:
        """Return the rules this device holds itself to."""
        return DEFAULT if self.project is None else self.project.library.policy()

    def forms(self) -> tuple[FormRow, ...]:
        """Return the forms that can be filled."""
        if self.project is None:
            return ()
        return tuple(loaded.row() for loaded in self.project.library.forms())

    def lists(self) -> tuple[ListRow, ...]:
        """Return the lists that forms read, the open ones and those of whoever unlocked."""
        held = {} if self.project is None else self.project.library.lists()
        choices = (ListRow(name, one["serial"], one["hash"]) for name, one in held.items())
        return (*choices, *self._open.lists.rows())

    def drafts(self) -> tuple[DraftRow, ...]:
        """Return this enumerator's drafts, newest first."""
        return self._open.drafts(lead_review=bool(self.policy().lead_review))

    def records(self) -> tuple[RecordRow, ...]:
        """Return this enumerator's finalized records, newest first."""
        assert self.project is not None, "only an enrolled device unlocks"
        return self._open.records(self.project.whereabouts, self.files.bundles())

    def counts(self) -> Counts:
        """Return how much is where; works while locked."""
        return Counts() if self.project is None else self.project.counts()

    def banner(self) -> Banner:
        """Return the state of network, space and battery; works while locked."""
        return banner(self.project, self.device, self.files.last_sync_ms(), online=self.online)

    # ---- interviews

    def begin(self, form_id: str) -> OpenInterview:
        """Open a new interview."""
        return self.begin_filling(form_id)

    def resume(self, draft_id: str) -> OpenInterview:
        """Open a draft again."""
        return self._open.interviews.resume(draft_id)

    def begin_filling(self, form_id: str) -> ScriptedFilling:
        """Open a new interview for a script, which may write many answers at once."""
        self.check_version()
        return self._open.interviews.begin(form_id)

    def resume_filling(self, draft_id: str) -> ScriptedFilling:
        """Open a draft for a script."""
        return self._open.interviews.resume(draft_id)

    def tally(self, form_id: str, outcome: str) -> None:
        """Count a visit without a record."""
        self._open.finalizer.tally(form_id, outcome)

    def abandon(self, draft_id: str, outcome: str) -> None:
        """Destroy a draft and count why."""
        self._open.finalizer.decline(draft_id, outcome)

    def finalize(self, draft_id: str) -> Slip:
        """Seal a draft and destroy it."""
        return self._open.finalizer.finalize(draft_id)

    def slips_due(self) -> tuple[Slip, ...]:
        """Return the slips not yet given."""
        return self._open.finalizer.slips()

    def slip_given(self, record_id: str) -> None:
        """Forget a slip."""
        self._open.finalizer.slip_given(record_id)

    def withdraw(self, code: str) -> None:
        """Append a withdrawal."""
        self._open.finalizer.withdraw(code)

    def search(self, text: str, limit: int) -> tuple[CaseRow, ...]:
        """Return the assigned cases that match."""
        return self._open.cases.rows(text, limit)

    def open_case(self, record_id: str) -> OpenInterview:
        """Open a correction of a case."""
        return self.case_filling(record_id)

    def case_filling(self, record_id: str) -> ScriptedFilling:
        """Open a correction of a case for a script."""
        self.check_version()
        return self._open.interviews.correct(self._open.cases.find(record_id))

    # ---- settings

    def facts(self) -> DeviceFacts:
        """Return what identifies this device."""
        return device_facts(self.project, self.machine.version.text)

    def preferences(self) -> Preferences:
        """Return the preferences; policy bounds how long a vault stays open."""
        kept = self.files.preferences()
        return replace(kept, idle_lock_s=min(kept.idle_lock_s, self.policy().lock_idle_s))

    def save_preferences(self, preferences: Preferences) -> None:
        """Keep the preferences."""
        self.files.save_preferences(preferences)

    def change_passphrase(self, old: str, new: str) -> None:
        """Seal the vault key anew."""
        self.check_strength(new)
        self._people.change_passphrase(self._open.vault.owner, old, new)
