"""One mission server, put together: settings, stores, clock, keys. What commands and routes get.

Opening reads no key; what needs one unlocks the keychain first, so that listing devices asks for
no passphrase.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlmodel import Session

from server.db import Stores, open_store, reading, writing
from server.governance.actions import Action, Role
from server.governance.audit import AuditEvent
from server.governance.decide import Actor, Deny, Permit, Resource, decide
from server.governance.keychain import Keychain, load_keychain
from server.governance.policy import Policy, built_in_policy, read_policy
from server.migrations import check_version
from server.queries import audit, documents, project
from server.settings import Settings, load_settings
from server.tables.project import Project
from shared.clock import Clock, RandomBytes
from shared.errors import KeyNotTrusted, PolicyDenied, UsageError
from shared.sealing.ring import KeyRing, SignedRing, open_ring

QUIET: Final = frozenset(
    {
        Action.HEALTH_READ,
        Action.RELEASE_LIST,
        Action.RELEASE_READ,
        Action.SYNC_CHALLENGE,
        Action.SYNC_EXCHANGE,
    }
)
"""Permits of these are not written down: what is public, and pushes that are signed logs anyway."""
CONSOLE: Final = Actor("console", frozenset({Role.ADMINISTRATOR}))
"""Whoever can run commands on the server's machine: runs it, and reads no data."""
SECONDS_PER_DAY: Final = 86_400


@dataclass
class Mission:
    """An open mission server."""

    settings: Settings
    stores: Stores
    clock: Clock
    random_bytes: RandomBytes = os.urandom
    keys: Keychain | None = field(default=None, repr=False)

    @classmethod
    def open(cls, home: Path, clock: Clock) -> "Mission":
        """Open a home whose stores are at this program's version.

        Raises:
            UsageError: no such home, or stores of another version.
        """
        mission = cls.attach(load_settings(home), clock)
        try:
            check_version(mission.stores)
        except BaseException:
            mission.close()
            raise
        return mission

    @classmethod
    def attach(cls, settings: Settings, clock: Clock) -> "Mission":
        """Open the stores as they are, also before they are migrated."""
        stores = Stores(*(open_store(settings.store_url(n)) for n in ("inbox", "records", "keys")))
        return cls(settings, stores, clock)

    def close(self) -> None:
        """Close every store."""
        self.stores.close()

    def unlock(self, passphrase: str) -> Keychain:
        """Open the secret keys and keep them for this process.

        Raises:
            PassphraseWrong: nothing was opened.
        """
        self.keys = load_keychain(self.settings.keys_folder, passphrase)
        return self.keys

    @property
    def keychain(self) -> Keychain:
        """The unlocked keys.

        Raises:
            UsageError: still locked.
        """
        if self.keys is None:
            raise UsageError("this needs the server's keys; give its passphrase")
        return self.keys

    @property
    def today(self) -> int:
        """Days since 1970-01-01 UTC."""
        return int(self.clock.now().timestamp()) // SECONDS_PER_DAY

    def now_ms(self) -> int:
        """Return milliseconds since 1970 UTC."""
        return int(self.clock.now().timestamp() * 1000)

    @contextmanager
    def inbox(self) -> Iterator[Session]:
        """Open a write transaction on the inbox store."""
        with writing(self.stores.inbox) as session:
            yield session

    @contextmanager
    def records(self) -> Iterator[Session]:
        """Open a write transaction on the records store."""
        with writing(self.stores.records) as session:
            yield session

    def project(self) -> Project:
        """Return the project.

        Raises:
            UsageError: there is none yet.
        """
        with reading(self.stores.inbox) as session:
            found = project.get(session)
            session.expunge(found)
            return found

    def ring(self) -> KeyRing:
        """Return the key ring in force, checked against the root it was first imported with.

        Raises:
            KeyNotTrusted: none was imported yet.
        """
        with reading(self.stores.inbox) as session:
            known = project.get(session)
            signed = project.newest_ring(session)
            if signed is None or known.root_fingerprint is None:
                raise KeyNotTrusted(
                    "the project has no key ring yet; have the steward sign the key request "
                    "(`cairn steward ring`) and import it (`cairn server project import-ring`)"
                )
            return open_ring(
                signed.data,
                signed.signature,
                root_fingerprint=known.root_fingerprint,
                deployment=known.deployment,
            )

    def signed_ring(self) -> SignedRing:
        """Return the key ring in force as the root signed it.

        Raises:
            KeyNotTrusted: none was imported yet.
        """
        with reading(self.stores.inbox) as session:
            signed = project.newest_ring(session)
        if signed is None:
            raise KeyNotTrusted("the project has no key ring yet")
        return signed

    def policy(self) -> Policy:
        """Return the policy in force."""
        with reading(self.stores.records) as session:
            return policy_of(session)

    def permit(self, actor: Actor, action: Action, resource: Resource, purpose: str = "") -> Permit:
        """Ask policy, write the answer down, and go on only where it is yes.

        Raises:
            PolicyDenied: the refusal is in the audit log.
        """
        if action in QUIET:
            with reading(self.stores.records) as session:
                context = policy_of(session).context(self.clock.now().date())
            quiet = decide(actor, action, resource, purpose, context)
            if isinstance(quiet, Permit):
                return quiet
        with self.records() as session:
            answer = ask(session, self, actor, action, resource, purpose)
        if isinstance(answer, Deny):
            raise PolicyDenied(answer.reason)
        return answer


def policy_of(session: Session) -> Policy:
    """Return the policy in force in the records store."""
    row = documents.newest_policy(session)
    return built_in_policy() if row is None else read_policy(row.content, row.serial)


def ask(  # noqa: PLR0913, PLR0917 - the request, and where to write the answer
    session: Session,
    mission: Mission,
    actor: Actor,
    action: Action,
    resource: Resource,
    purpose: str = "",
    detail: Mapping[str, str | int] | None = None,
) -> Permit | Deny:
    """Decide and append the decision to the audit chain in the caller's transaction."""
    now = mission.clock.now()
    answer = decide(actor, action, resource, purpose, policy_of(session).context(now.date()))
    if action in QUIET and isinstance(answer, Permit):
        return answer
    event = AuditEvent(
        actor.name,
        action.value,
        f"{resource.kind}:{resource.name}" if resource.name else resource.kind,
        purpose,
        "permit" if isinstance(answer, Permit) else "deny",
        answer.rule,
        answer.version,
        detail or {},
    )
    audit.append(session, now, event)
    return answer
