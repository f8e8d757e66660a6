"""The mission server's secret keys, in one file sealed by a passphrase or a key file (SEAL-087).

HOME/keys/server.keys holds them; they are in memory only while a process runs. The custodian's and
the root's keys are never here: they live at the steward's station.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from shared.canonical import decode, encode
from shared.clock import RandomBytes
from shared.errors import UsageError
from shared.sealing.keys import KEY_BYTES, SecretKey, SigningKey, Suite
from shared.sealing.passphrase import Cost, open_file, seal_file
from shared.sealing.ring import RingKey, Role

PURPOSE: Final = "server-keys"
FILE_NAME: Final = "server.keys"
KEY_FILE_BYTES: Final = 32
VALID_DAYS: Final = 730
"""A server key is trusted this long; a new ring renews it."""


@dataclass(frozen=True, slots=True)
class DatedKey:
    """An HPKE key and the days it is sealed to; it opens for as long as it exists."""

    secret: SecretKey = field(repr=False)
    from_day: int
    until_day: int


@dataclass(frozen=True, slots=True)
class Keychain:
    """Everything secret that a running mission server holds.

    Attributes:
        intake: opens bodies; several while one period's key follows another.
        transport: opens bundle files.
        wrap: wraps record keys at rest (SEAL-088).
        pseudonym: keys the pseudonyms of analytic rows (DEID-012).
        tls_password: opens the TLS key beside this file.
    """

    intake: tuple[DatedKey, ...]
    transport: tuple[DatedKey, ...]
    log: SigningKey = field(repr=False)
    receipt: SigningKey = field(repr=False)
    release: SigningKey = field(repr=False)
    wrap: bytes = field(repr=False)
    pseudonym: bytes = field(repr=False)
    tls_password: bytes = field(repr=False)
    valid: tuple[int, int]

    def ring_keys(self) -> tuple[RingKey, ...]:
        """Return the public halves, as they ask to stand in the key ring."""
        from_day, until_day = self.valid
        sealing = [
            RingKey(role, key.secret.suite, key.secret.public.data, key.from_day, key.until_day)
            for role, keys in ((Role.INTAKE, self.intake), (Role.SERVER_TRANSPORT, self.transport))
            for key in keys
        ]
        signing = [
            RingKey(role, Suite.ED25519, key.public_bytes, from_day, until_day)
            for role, key in (
                (Role.SERVER_LOG, self.log),
                (Role.RECEIPT, self.receipt),
                (Role.RELEASE, self.release),
            )
        ]
        return (*sealing, *signing)

    def intake_keys(self) -> tuple[SecretKey, ...]:
        """Return the keys that open bodies."""
        return tuple(key.secret for key in self.intake)

    def transport_keys(self) -> tuple[SecretKey, ...]:
        """Return the keys that open bundles."""
        return tuple(key.secret for key in self.transport)


def new_keychain(day: int, suite: Suite, random_bytes: RandomBytes) -> Keychain:
    """Draw a new server's keys, good from `day` (days since 1970)."""
    until = day + VALID_DAYS
    return Keychain(
        intake=(DatedKey(SecretKey.generate(suite), day, until),),
        transport=(DatedKey(SecretKey.generate(suite), day, until),),
        log=SigningKey.generate(),
        receipt=SigningKey.generate(),
        release=SigningKey.generate(),
        wrap=random_bytes(KEY_BYTES),
        pseudonym=random_bytes(KEY_BYTES),
        tls_password=random_bytes(KEY_BYTES).hex().encode(),
        valid=(day, until),
    )


def encode_keychain(keys: Keychain) -> bytes:
    """Return the plaintext of the key file, also for handing to a worker process."""

    def dated(listed: tuple[DatedKey, ...]) -> list[list[Any]]:
        return [[k.secret.suite, k.secret.to_bytes(), k.from_day, k.until_day] for k in listed]

    return encode(
        {
            "intake": dated(keys.intake),
            "transport": dated(keys.transport),
            "log": keys.log.to_bytes(),
            "receipt": keys.receipt.to_bytes(),
            "release": keys.release.to_bytes(),
            "wrap": keys.wrap,
            "pseudonym": keys.pseudonym,
            "tls": keys.tls_password,
            "valid": list(keys.valid),
        }
    )


def decode_keychain(plain: bytes) -> Keychain:
    """Read what `encode_keychain` made."""
    value: Mapping[str, Any] = decode(plain)

    def dated(name: str) -> tuple[DatedKey, ...]:
        return tuple(
            DatedKey(SecretKey.from_bytes(Suite(suite), secret), from_day, until_day)
            for suite, secret, from_day, until_day in value[name]
        )

    return Keychain(
        intake=dated("intake"),
        transport=dated("transport"),
        log=SigningKey.from_bytes(value["log"]),
        receipt=SigningKey.from_bytes(value["receipt"]),
        release=SigningKey.from_bytes(value["release"]),
        wrap=value["wrap"],
        pseudonym=value["pseudonym"],
        tls_password=value["tls"],
        valid=(value["valid"][0], value["valid"][1]),
    )


def save_keychain(folder: Path, keys: Keychain, passphrase: str, cost: Cost) -> None:
    """Seal the keys into their file, replacing it in one step."""
    sealed = seal_file(
        passphrase, encode_keychain(keys), PURPOSE, cost=cost, random_bytes=os.urandom
    )
    write_secret(folder / FILE_NAME, sealed)


def load_keychain(folder: Path, passphrase: str) -> Keychain:
    """Open the key file.

    Raises:
        UsageError: there is none.
        PassphraseWrong: the passphrase does not open it.
    """
    try:
        sealed = (folder / FILE_NAME).read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{folder} holds no {FILE_NAME}; run `cairn server init`") from None
    return decode_keychain(open_file(passphrase, sealed, PURPOSE))


def make_key_file(path: Path) -> str:
    """Write a random passphrase for a server that starts unattended, and return it."""
    passphrase = secrets.token_urlsafe(KEY_FILE_BYTES)
    write_secret(path, f"{passphrase}\n".encode())
    return passphrase


def write_secret(path: Path, data: bytes) -> None:
    """Write a file that its owner alone can read, in one step that survives a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
