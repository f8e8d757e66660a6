"""The data steward's station: an offline folder with the project root's and the custodian's keys.

Everything comes and goes by exchange files. What the station signs it first works out itself from
the content, never from the server's summary, and writes into its own audit chain. Rules GOV-020,
GOV-025..028.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from server.governance.audit import AuditEvent, Line, find_fault, line_hash, next_line
from server.governance.exchange import Exchange, write_exchange
from server.governance.keychain import VALID_DAYS, write_secret
from server.governance.policy import check_complete, read_policy
from server.governance.requests import CoordinatorRequest, RingRequest
from shared.canonical import decode, encode
from shared.clock import Clock, RandomBytes
from shared.errors import StoreCorrupt, UsageError
from shared.ids import DeploymentId
from shared.records.form_document import POLICY_DOCUMENT
from shared.sealing.documents import Document, sign_document
from shared.sealing.keys import (
    PublicKey,
    SecretKey,
    SigningKey,
    Suite,
    root_fingerprint,
)
from shared.sealing.passphrase import Cost, open_file, seal_file
from shared.sealing.ring import KeyRing, RingKey, Role, sign_ring
from shared.sealing.strength import strength_bits

ROOT_FILE: Final = "root.key"
CUSTODIAN_FILE: Final = "custodian.key"
REGISTER_FILE: Final = "steward.json"
AUDIT_FILE: Final = "audit.log"
POLICY_NAME: Final = "policy"
_DAY_S: Final = 86_400
STRENGTH_BITS_MIN: Final = 64


Unsigned = tuple[str, str, int, bytes]
"""Type, name, serial and content of a document (SEAL-082)."""


def check_strong(passphrase: str) -> str:
    """Return a passphrase that a rented computer does not guess (GOV-026).

    Raises:
        UsageError: it is weaker; the message says what would do.
    """
    bits = strength_bits(passphrase)
    if bits < STRENGTH_BITS_MIN:
        raise UsageError(
            f"the passphrase has about {bits:.0f} bits, this key needs {STRENGTH_BITS_MIN}; "
            "take six or more words that do not belong together"
        )
    return passphrase


@dataclass
class Station:
    """An opened steward's home."""

    home: Path
    clock: Clock
    random_bytes: RandomBytes = os.urandom
    register: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def create(  # noqa: PLR0913 - keyword-only past the first two
        cls,
        home: Path,
        clock: Clock,
        *,
        root_passphrase: str,
        custodian_passphrase: str,
        suite: Suite,
        cost: Cost,
    ) -> "Station":
        """Make a new root and a new custodian key.

        Raises:
            UsageError: the folder already holds a station; a root is never replaced silently.
        """
        if (home / REGISTER_FILE).exists():
            raise UsageError(f"{home} already holds a steward's station; choose another folder")
        station = cls(home, clock)
        root, custodian = SigningKey.generate(), SecretKey.generate(suite)
        station._seal(ROOT_FILE, root_passphrase, [root.to_bytes()], cost)
        custodians = [[int(suite), custodian.to_bytes()]]
        station._seal(CUSTODIAN_FILE, custodian_passphrase, custodians, cost)
        station.register = {
            "root": root.public_bytes.hex(),
            "custodian": {"suite": int(suite), "public": custodian.public.data.hex()},
            "coordinator": None,
            "deployment": None,
            "serials": {},
        }
        station._save_register()
        station.log("station.create", "station", {"root": station.fingerprint.hex()})
        return station

    @classmethod
    def open(cls, home: Path, clock: Clock) -> "Station":
        """Open a station's public part; keys stay closed until something is signed.

        Raises:
            UsageError: no station there.
        """
        try:
            register = json.loads((home / REGISTER_FILE).read_text("utf-8"))
        except FileNotFoundError:
            raise UsageError(
                f"{home} is not a steward's station; run `cairn steward init {home}`"
            ) from None
        return cls(home, clock, register=register)

    @property
    def fingerprint(self) -> bytes:
        """The root's fingerprint, as in every enrolment code."""
        return root_fingerprint(bytes.fromhex(self.register["root"]))

    @property
    def today(self) -> int:
        """Days since 1970-01-01 UTC."""
        return int(self.clock.now().timestamp()) // _DAY_S

    def root(self, passphrase: str) -> SigningKey:
        """Open the project root."""
        (secret,) = self._open(ROOT_FILE, passphrase)
        return SigningKey.from_bytes(secret)

    def custodian_keys(self, passphrase: str) -> tuple[SecretKey, ...]:
        """Open the custodian's keys."""
        listed = self._open(CUSTODIAN_FILE, passphrase)
        return tuple(SecretKey.from_bytes(Suite(suite), secret) for suite, secret in listed)

    def take_coordinator(self, asked: CoordinatorRequest) -> PublicKey:
        """Name a coordinator's key in every ring from the next on, in place of an earlier one.

        Raises:
            UsageError: the request is another project's.
        """
        if self.deployment != asked.deployment:
            raise UsageError("the request is of another project than this station's")
        self.register["coordinator"] = {
            "suite": int(asked.public.suite),
            "public": asked.public.data.hex(),
        }
        self._save_register()
        self.log("station.coordinator", "key", {"key": asked.public.key_id.hex()})
        return asked.public

    def ring(self, request: RingRequest, passphrase: str) -> tuple[KeyRing, list[Any]]:
        """Sign a key ring: the server's keys, the custodian's and the coordinator's.

        Raises:
            UsageError: the request is another project's, or asks for a role that is not a server's.
        """
        self._own(request.deployment)
        foreign = {Role.CUSTODIAN, Role.COORDINATOR} & {key.role for key in request.keys}
        if foreign:
            raise UsageError("the server asks for the custodian's or coordinator's place; refused")
        serial = self._next_serial("ring", request.deployment)
        root = self.root(passphrase)
        ring = KeyRing(
            deployment=request.deployment,
            serial=serial,
            issued_ms=int(self.clock.now().timestamp() * 1000),
            root_public=root.public_bytes,
            label=request.label,
            keys=(*request.keys, *self._own_keys()),
        )
        signed = sign_ring(root, ring)
        self._remember("ring", request.deployment, serial)
        self.log("ring.sign", f"ring:{serial}", {"keys": len(ring.keys)})
        return ring, [signed.data, signed.signature]

    def sign_documents(
        self,
        deployment: DeploymentId,
        documents: list[tuple[str, str, int, bytes]],
        passphrase: str,
    ) -> list[bytes]:
        """Sign documents (type, name, serial, content) that were looked at and approved.

        Raises:
            UsageError: another project's, or a serial that was signed before.
        """
        self._own(deployment)
        for kind, name, serial, _ in documents:
            if serial <= self._serial(f"{kind}/{name}", deployment):
                raise UsageError(
                    f"{kind} {name} of serial {serial} was signed before; request a new one"
                )
        root = self.root(passphrase)
        signed = [
            sign_document(root, Document(deployment, kind, name, serial, content))
            for kind, name, serial, content in documents
        ]
        for kind, name, serial, _ in documents:
            self._remember(f"{kind}/{name}", deployment, serial)
            self.log(f"{kind}.sign", f"{kind}:{name}", {"serial": serial})
        return signed

    def approve_policy(self, content: bytes, passphrase: str) -> tuple[int, list[bytes]]:
        """Check a policy, sign it as the next version, and return its serial and payload.

        Raises:
            UsageError: what is wrong with it, or no ring was signed yet.
        """
        deployment = self.deployment
        serial = self._serial(f"{POLICY_DOCUMENT}/{POLICY_NAME}", deployment) + 1
        check_complete(read_policy(content, serial))
        document = (POLICY_DOCUMENT, POLICY_NAME, serial, content)
        return serial, self.sign_documents(deployment, [document], passphrase)

    @property
    def deployment(self) -> DeploymentId:
        """The project this station governs.

        Raises:
            UsageError: no ring was signed yet.
        """
        known = self.register["deployment"]
        if known is None:
            raise UsageError("this station governs no project yet; sign a key ring first")
        return DeploymentId(bytes.fromhex(known))

    def log(self, action: str, resource: str, detail: Mapping[str, str | int]) -> None:
        """Append a line to the station's own audit chain, durable before it returns."""
        lines = self.audit_lines()
        event = AuditEvent("steward", action, resource, "", "permit", "station", 0, detail)
        at_ms = int(self.clock.now().timestamp() * 1000)
        line = next_line(lines[-1] if lines else None, at_ms, event)
        with (self.home / AUDIT_FILE).open("ab") as file:
            file.write(len(line.data).to_bytes(4, "big") + line.data)
            file.flush()
            os.fsync(file.fileno())

    def audit_lines(self) -> list[Line]:
        """Return the station's audit chain.

        Raises:
            StoreCorrupt: it does not hold; the message names the line.
        """
        path = self.home / AUDIT_FILE
        data = path.read_bytes() if path.exists() else b""
        lines: list[Line] = []
        while data:
            size = int.from_bytes(data[:4], "big")
            line, data = data[4 : 4 + size], data[4 + size :]
            lines.append(Line(len(lines) + 1, line, line_hash(line)))
        fault = find_fault(lines)
        if fault is not None:
            raise StoreCorrupt(f"the station's audit log is damaged: {fault.reason}")
        return lines

    def write(self, path: Path, kind: Exchange, value: object) -> str:
        """Write an exchange file and return its check words."""
        return write_exchange(path, kind, value)

    def _own(self, deployment: DeploymentId) -> None:
        """Refuse another project's request: one root, one project."""
        known = self.register["deployment"]
        if known is None:
            self.register["deployment"] = deployment.hex()
        elif known != deployment.hex():
            raise UsageError(
                f"this station governs project {known}, the request is of {deployment.hex()}; "
                "another project needs a station of its own"
            )

    def _own_keys(self) -> tuple[RingKey, ...]:
        until = self.today + VALID_DAYS
        roles = [(Role.CUSTODIAN, self.register["custodian"])]
        if coordinator := self.register.get("coordinator"):
            roles.append((Role.COORDINATOR, coordinator))
        return tuple(
            RingKey(role, Suite(key["suite"]), bytes.fromhex(key["public"]), self.today, until)
            for role, key in roles
        )

    def _serial(self, name: str, deployment: DeploymentId) -> int:
        found: int = self.register["serials"].get(f"{deployment.hex()}/{name}", 0)
        return found

    def _next_serial(self, name: str, deployment: DeploymentId) -> int:
        return self._serial(name, deployment) + 1

    def _remember(self, name: str, deployment: DeploymentId, serial: int) -> None:
        self.register["serials"][f"{deployment.hex()}/{name}"] = serial
        self._save_register()

    def _save_register(self) -> None:
        text = json.dumps(self.register, indent=1, sort_keys=True) + "\n"
        write_secret(self.home / REGISTER_FILE, text.encode())

    def _seal(self, name: str, passphrase: str, secrets: list[Any], cost: Cost) -> None:
        sealed = seal_file(
            passphrase, encode(secrets), name, cost=cost, random_bytes=self.random_bytes
        )
        write_secret(self.home / "keys" / name, sealed)

    def _open(self, name: str, passphrase: str) -> Any:
        try:
            sealed = (self.home / "keys" / name).read_bytes()
        except FileNotFoundError:
            raise UsageError(f"{self.home} holds no {name}; bring the medium it lies on") from None
        return decode(open_file(passphrase, sealed, name))
