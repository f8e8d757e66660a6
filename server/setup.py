"""Make a mission server: home, keys, certificate, stores; then its project and key ring."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from server.governance.actions import Action
from server.governance.decide import Actor, Resource
from server.governance.keychain import new_keychain, save_keychain, write_secret
from server.governance.requests import RingRequest
from server.migrations import migrate
from server.mission import CONSOLE, Mission
from server.queries import outbox, project
from server.settings import FILE_NAME, Listen, Settings, StoreUrls, check_listen, save_settings
from server.tables.project import Project
from shared.canonical import decode, encode
from shared.clock import Clock
from shared.errors import KeyNotTrusted, UsageError
from shared.ids import DEPLOYMENT_ID_BYTES, DeploymentId
from shared.sealing.envelope import Kind
from shared.sealing.keys import Suite, root_fingerprint
from shared.sealing.passphrase import Cost
from shared.sealing.ring import KeyRing, SignedRing, check_newer, open_ring
from shared.sealing.tls import certificate_pin, make_certificate

CERTIFICATE_FILE: Final = "tls.pem"
TLS_KEY_FILE: Final = "tls.key"


@dataclass(frozen=True, slots=True)
class NewServer:
    """What `init` is asked for."""

    home: Path
    listen: Listen
    stores: StoreUrls
    suite: Suite
    cost: Cost


def init_home(wanted: NewServer, passphrase: str, clock: Clock) -> Mission:
    """Make a home and return its mission, unlocked.

    Raises:
        UsageError: the folder is a home already, or a setting cannot be.
    """
    home = wanted.home
    if (home / FILE_NAME).exists():
        raise UsageError(f"{home} is a server home already; choose another folder")
    check_listen(wanted.listen)
    for folder in (home, home / "keys", home / "stores", home / "releases"):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    settings = Settings(home=home.resolve(), listen=wanted.listen, stores=wanted.stores)
    mission = Mission.attach(settings, clock)
    keys = new_keychain(mission.today, wanted.suite, mission.random_bytes)
    hosts = ["localhost", "127.0.0.1", wanted.listen.host]
    hosts += [host for a in wanted.listen.addresses if (host := urlsplit(a).hostname)]
    tls = make_certificate(hosts, clock.now(), keys.tls_password)
    write_secret(settings.keys_folder / CERTIFICATE_FILE, tls.certificate_pem)
    write_secret(settings.keys_folder / TLS_KEY_FILE, tls.key_pem)
    migrate(mission.stores)
    save_keychain(settings.keys_folder, keys, passphrase, wanted.cost)
    # Last: a home without server.toml is no home, so an interrupted init is simply run again.
    save_settings(settings)
    # Read back, as every later start does: a key file that does not open is told now.
    mission.unlock(passphrase)
    return mission


def tls_pin(settings: Settings) -> bytes | None:
    """Return the pin for enrolment codes, or None where a proxy on loopback does TLS."""
    if settings.listen.plain_http:
        return None
    return certificate_pin((settings.keys_folder / CERTIFICATE_FILE).read_bytes())


def create_project(mission: Mission, label: str, controller: str, actor: Actor = CONSOLE) -> bytes:
    """Make the one project of this server and return its deployment id.

    Raises:
        UsageError: there is one already, or a text is empty.
    """
    if not label.strip() or not controller.strip():
        raise UsageError("a project needs a name and a controller (who answers for the data)")
    mission.permit(actor, Action.PROJECT_CREATE, Resource("project"))
    deployment = mission.random_bytes(DEPLOYMENT_ID_BYTES)
    with mission.inbox() as session:
        if project.find(session) is not None:
            raise UsageError("this server has its project; another one needs a server of its own")
        session.add(
            Project(
                deployment=deployment,
                label=label.strip(),
                controller=controller.strip(),
                created_at=mission.clock.now(),
            )
        )
    return deployment


def ring_request(mission: Mission) -> RingRequest:
    """Return what the steward is asked to sign."""
    known = mission.project()
    return RingRequest(DeploymentId(known.deployment), known.label, mission.keychain.ring_keys())


def import_ring(mission: Mission, value: Any, actor: Actor = CONSOLE) -> KeyRing:
    """Take in a signed ring; the first one fixes the project's root for good.

    Raises:
        KeyNotTrusted: another project or root, not newer, or without this server's keys.
        SignatureInvalid: not signed by the root it names.
    """
    signed = SignedRing(*_two_octets(value))
    known = mission.project()
    fingerprint = known.root_fingerprint or _claimed_root(signed.data)
    ring = open_ring(
        signed.data,
        signed.signature,
        root_fingerprint=fingerprint,
        deployment=known.deployment,
    )
    ours = {(key.role, key.data) for key in mission.keychain.ring_keys()}
    if not ours <= {(key.role, key.data) for key in ring.keys}:
        raise KeyNotTrusted("the ring lacks keys of this server; sign its newest key request")
    if known.root_fingerprint is not None:
        check_newer(mission.ring(), ring)
    mission.permit(actor, Action.RING_IMPORT, Resource("ring", str(ring.serial)))
    with mission.inbox() as session:
        row = project.get(session)
        row.root_fingerprint = fingerprint
        session.add(row)
        project.add_ring(session, ring.serial, signed, mission.clock.now())
    with mission.records() as session:
        # Broadcast: a hub in the field takes its ring from the log (SYNC-073).
        outbox.add_broadcast(session, Kind.KEYS, encode([signed.data, signed.signature]))
    return ring


def _claimed_root(data: bytes) -> bytes:
    """Return the fingerprint of the root a first ring names; a person carried it here."""
    return root_fingerprint(decode(data)[4])


def _two_octets(value: Any) -> tuple[bytes, bytes]:
    if isinstance(value, list) and len(value) == 2 and all(isinstance(v, bytes) for v in value):  # noqa: PLR2004
        return value[0], value[1]
    raise UsageError("the key ring file is malformed; have it written again")
