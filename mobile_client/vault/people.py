"""Who shares this device: each enumerator's vault key under their passphrase, and wrong tries.

A try is counted before it is made, so killing the app does not give it back. Wrong tries slow down
and never wipe. A clock set back starts the wait anew.

The device's mailbox key opens what the server assigns to this device. It is sealed in every vault
and nowhere else: an enumerator who joins while nobody is there leaves a public key, and whoever
unlocks next seals the mailbox key to it.
"""

from dataclasses import dataclass, field
from typing import Final

from mobile_client.presenters.rows import EnumeratorRow
from mobile_client.vault.database import Row, VaultDatabase
from shared.clock import Clock, RandomBytes
from shared.errors import NotFound, PassphraseWrong, Throttled, UsageError
from shared.sealing.keys import PublicKey, SecretKey, Suite
from shared.sealing.passphrase import Cost, open_file, seal_file

_PURPOSE: Final = "vault "
_KEY_BYTES: Final = 32
_ID_BYTES: Final = 8
_FREE_TRIES: Final = 3
_WAIT_MAX_S: Final = 300
_NAME_CHARS_MAX: Final = 60
_MAILBOX: Final = b"cairn mailbox key"


@dataclass(frozen=True, slots=True)
class OpenedKeys:
    """What a right passphrase gives: the vault key, and the mailbox key if it arrived yet."""

    vault_key: bytes = field(repr=False)
    mailbox_key: bytes | None = field(repr=False)


class People:
    """Adds enumerators, tries passphrases and hands the mailbox key on."""

    def __init__(
        self,
        database: VaultDatabase,
        clock: Clock,
        random_bytes: RandomBytes,
        *,
        cost: Cost,
        hardware_secret: bytes,
    ) -> None:
        self._database = database
        self._clock = clock
        self._random_bytes = random_bytes
        self._cost = cost
        self._hardware_secret = hardware_secret

    def rows(self) -> tuple[EnumeratorRow, ...]:
        """Return everybody, in the order they joined."""
        return tuple(EnumeratorRow(r["id"], r["name"]) for r in self._database.rows("people"))

    def find(self, name: str) -> str | None:
        """Return the id of the enumerator of that name or id, or None."""
        return next((row.id for row in self.rows() if name in (row.id, row.name)), None)

    def add(self, name: str, passphrase: str) -> str:
        """Make a vault key under a passphrase; return the enumerator's id.

        Raises:
            UsageError: no name, too long a name, or one already here.
        """
        name = " ".join(name.split())
        if not 0 < len(name) <= _NAME_CHARS_MAX:
            raise UsageError(f"a name has 1 to {_NAME_CHARS_MAX} characters")
        if self.find(name) is not None:
            raise UsageError(f"{name} is already on this device; choose another name or code")
        person = self._random_bytes(_ID_BYTES).hex()
        mine = SecretKey.generate(Suite.X25519)
        keys = self._random_bytes(_KEY_BYTES) + mine.to_bytes()
        row = {
            "id": person,
            "name": name,
            "sealed": self._seal(passphrase, person, keys),
            "mailbox_public": mine.public.data,
            "mailbox_sealed": b"",
            "wrong_tries": 0,
            "wait_from_ms": 0,
        }
        with self._database.transaction():
            self._database.put("people", row)
        return person

    def wait_s(self, person: str) -> float:
        """Return the seconds until the next try is taken."""
        row = self._row(person)
        until_ms = int(row["wait_from_ms"]) + _wait_ms(row["wrong_tries"])
        return max(0.0, (until_ms - self._now_ms()) / 1000)

    def open(self, person: str, passphrase: str) -> OpenedKeys:
        """Try a passphrase.

        Raises:
            PassphraseWrong: counted.
            Throttled: too early after wrong tries; nothing was tried.
        """
        keys = self._try(person, passphrase)
        vault_key, mine = keys[:_KEY_BYTES], SecretKey(Suite.X25519, keys[_KEY_BYTES:])
        sealed = self._row(person)["mailbox_sealed"]
        if not sealed:
            return OpenedKeys(vault_key, None)
        mailbox_key = mine.open(sealed, _MAILBOX)
        self.share_mailbox(mailbox_key)
        return OpenedKeys(vault_key, mailbox_key)

    def share_mailbox(self, mailbox_key: bytes) -> None:
        """Seal the mailbox key to everybody who lacks it."""
        lacking = [row for row in self._database.rows("people") if not row["mailbox_sealed"]]
        if not lacking:
            return
        with self._database.transaction():
            for row in lacking:
                public = PublicKey(Suite.X25519, row["mailbox_public"])
                sealed = public.seal(mailbox_key, _MAILBOX)
                self._database.change("people", row["id"], {"mailbox_sealed": sealed})

    def change_passphrase(self, person: str, old: str, new: str) -> None:
        """Seal the same keys under another passphrase.

        Raises:
            PassphraseWrong: the old one is wrong; counted as a try.
        """
        self._change(person, sealed=self._seal(new, person, self._try(person, old)))
        self._database.scrub()

    def remove(self, person: str) -> None:
        """Destroy an enumerator's vault key and everything it opens; sealed entries stay."""
        with self._database.transaction():
            for table in ("drafts", "items"):
                for row in self._database.rows(table, owner=person):
                    self._database.drop(table, row["id"])
            self._database.drop("people", person)
        self._database.scrub()

    def _try(self, person: str, passphrase: str) -> bytes:
        """Open the key file of a person, counting the try first."""
        row = self._row(person)
        now_ms = self._now_ms()
        if now_ms < row["wait_from_ms"]:
            self._change(person, wait_from_ms=now_ms)
        wait_s = self.wait_s(person)
        if wait_s > 0:
            raise Throttled(f"wait {wait_s:.0f} seconds before the next try", wait_s)
        tries = row["wrong_tries"] + 1
        self._change(person, wrong_tries=tries, wait_from_ms=now_ms)
        try:
            keys = open_file(
                passphrase, row["sealed"], _PURPOSE + person, hardware_secret=self._hardware_secret
            )
        except PassphraseWrong:
            raise PassphraseWrong(_wrong_message(tries)) from None
        self._change(person, wrong_tries=0, wait_from_ms=0)
        return keys

    def _seal(self, passphrase: str, person: str, keys: bytes) -> bytes:
        return seal_file(
            passphrase,
            keys,
            _PURPOSE + person,
            cost=self._cost,
            random_bytes=self._random_bytes,
            hardware_secret=self._hardware_secret,
        )

    def _row(self, person: str) -> Row:
        row = self._database.find("people", person)
        if row is None:
            raise NotFound("there is no such enumerator on this device")
        return row

    def _change(self, person: str, **changes: object) -> None:
        with self._database.transaction():
            self._database.change("people", person, changes)

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def _wait_ms(wrong_tries: int) -> int:
    """Return how long to wait after so many wrong tries: 0, 0, then 2, 4, 8 ... 300 s."""
    if wrong_tries < _FREE_TRIES:
        return 0
    doublings = min(wrong_tries - _FREE_TRIES + 1, _WAIT_MAX_S.bit_length())
    return min(_WAIT_MAX_S, 1 << doublings) * 1000


def _wrong_message(tries: int) -> str:
    wait_s = _wait_ms(tries) // 1000
    hint = f" Wait {wait_s} seconds before the next try." if wait_s else ""
    return f"The passphrase is wrong; check the spelling and the keyboard's language.{hint}"
