"""Routes of the mission server: who gets in, what leaves, and how refusals look."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from app_client import AppClient
from fastapi.routing import APIRoute
from mission import MissionKit, make_mission
from sealed_device import publish_form

from server.deps import Permitted
from server.governance.actions import Action
from server.governance.enrolment import invite, list_devices, revoke
from server.governance.users import FREE_FAILURES, add_user, authenticate, disable_user
from server.intake.pipeline import Intake
from server.main import create_app
from server.problems import MEDIA_TYPE, status_of
from server.routes.sync import SMALL_BODY_BYTES_MAX
from server.tables.project import DeviceKind
from shared.canonical import decode, encode
from shared.errors import (
    CairnError,
    NotFound,
    PassphraseWrong,
    PolicyDenied,
    StoreBusy,
    Throttled,
    TokenInvalid,
    UsageError,
)
from shared.ids import AuthorId
from shared.records.small import Outcome, Tally, encode_tally
from shared.sealing.enrol import EnrolmentRequest, parse_enrolment_code, parse_reply, sign_request
from shared.sealing.envelope import Compartment, Kind, LogId
from shared.sealing.keys import AUDIENCE_MISSION, SecretKey, SigningKey, Suite, author_id
from shared.sealing.log_writer import Tip, append_sealed, begin_epoch
from shared.sealing.receipts import open_receipt
from shared.sealing.ring import open_ring
from sync.core.batch import Run, SealedEntry, encode_batch
from sync.core.certificate import PeerRole, open_certificate
from sync.core.challenges import sign_exchange
from sync.core.have import HaveVector
from sync.core.messages import Answer, Message, decode_answer

PASSWORD = "a long enough password"


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[MissionKit]:
    """A mission on SQLite, where the database makes no difference."""
    made = make_mission(tmp_path)
    yield made
    made.close()


@pytest.fixture
def client(lite: MissionKit) -> AppClient:
    return AppClient(create_app(lite.mission))


class Tablet:
    """A device that enrols and exchanges over HTTP."""

    def __init__(self, kit: MissionKit, client: AppClient, label: str = "tablet") -> None:
        self.kit, self.client = kit, client
        self.key, self.mailbox = SigningKey.generate(), SecretKey.generate(Suite.X25519)
        self.code = parse_enrolment_code(invite(kit.mission, label).code.text())
        self.author = author_id(self.key.public_bytes, AUDIENCE_MISSION)

    def request(self) -> bytes:
        wanted = EnrolmentRequest(
            self.code.token, self.key.public_bytes, self.mailbox.public, "mine"
        )
        return sign_request(self.key, wanted)

    def enrol(self) -> bytes:
        answered = self.client.post("/v1/enrol", content=self.request())
        assert answered.status_code == 200, answered.text
        return answered.content

    def challenge(self) -> bytes:
        answered = self.client.post("/v1/sync/challenge", content=encode([1, self.author]))
        challenge: bytes = decode(answered.content)[1]
        return challenge

    def send(
        self, message: Message, challenge: bytes | None = None, key: SigningKey | None = None
    ) -> tuple[int, bytes]:
        body = message.encode()
        challenge = challenge or self.challenge()
        signature = sign_exchange(key or self.key, challenge, body)
        headers = {
            "Cairn-Author": self.author.hex(),
            "Cairn-Challenge": challenge.hex(),
            "Cairn-Signature": signature.hex(),
        }
        answered = self.client.post("/v1/sync/exchange", content=body, headers=headers)
        return answered.status_code, answered.content

    def greeting(self) -> Message:
        return Message(self.kit.mission.ring().deployment, self.author, have=HaveVector())


@pytest.fixture
def tablet(lite: MissionKit, client: AppClient) -> Tablet:
    made = Tablet(lite, client)
    made.enrol()
    return made


# --- every route asks policy ------------------------------------------------------------------


def routes(client: AppClient) -> list[APIRoute]:
    """Every route of the application, also inside included routers."""
    found: list[APIRoute] = []
    pending = list(client.app.routes)
    while pending:
        route = pending.pop()
        if isinstance(route, APIRoute):
            found.append(route)
        else:
            inner = getattr(route, "original_router", None)
            assert inner is not None, f"{route!r} is a route that no test looks at"
            pending += inner.routes
    return found


def test_every_route_names_its_action(client: AppClient) -> None:
    """GOV-009: an endpoint without a policy check does not exist."""
    found = routes(client)
    assert len(found) >= 18
    for route in found:
        checks = [
            each.call for each in route.dependant.dependencies if isinstance(each.call, Permitted)
        ]
        assert len(checks) == 1, route.path
        assert checks[0].action in Action


def test_a_policy_that_permits_nothing_shuts_every_route(
    lite: MissionKit, client: AppClient, tablet: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GOV-009: walked with a logged-in administrator's token, every answer is a refusal."""
    add_user(lite.mission, "root", ["administrator", "coordinator", "steward"], PASSWORD)
    token = client.post("/v1/session", json={"name": "root", "password": PASSWORD}).json()["token"]
    shut = lite.mission.policy().__class__(
        **{
            **{n: getattr(lite.mission.policy(), n) for n in lite.mission.policy().__slots__},
            "rules": (),
        }
    )
    monkeypatch.setattr("server.mission.policy_of", lambda _session: shut)
    for route in routes(client):
        for method in route.methods:
            path = route.path.format(
                release_id="public-0001", author="tablet", which="all", record="00" * 16
            )
            answered = client.request(
                method,
                path,
                headers={"Authorization": f"Bearer {token}"},
                params={"purpose": "statistics"},
                json=BODIES.get(route.path),
            )
            assert answered.status_code in {403, 404}, (method, path, answered.text)
    assert tablet.send(tablet.greeting(), bytes(16))[0] == 403


BODIES = {
    "/v1/session": {"name": "root", "password": PASSWORD},
    "/v1/devices": {"label": "x"},
    "/v1/devices/{author}/revoke": {"reason": "x"},
    "/v1/quarantine/{which}/release": {"why": "x"},
    "/v1/conflicts/{record}/resolve": {
        "unit": "/data/x",
        "purpose": "statistics",
        "why": "x",
        "candidate": 0,
    },
}


def test_policy_keeps_a_proved_sender_out(
    lite: MissionKit, tablet: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = lite.mission.policy()
    rules = tuple(rule for rule in policy.rules if "sync.exchange" not in rule.actions)
    shut = type(policy)(**{**{n: getattr(policy, n) for n in policy.__slots__}, "rules": rules})
    monkeypatch.setattr("server.mission.policy_of", lambda _session: shut)
    status, body = tablet.send(tablet.greeting())
    assert (status, b"GOV-001" in body) == (403, True)


def test_nobody_reads_without_a_session(client: AppClient) -> None:
    for path in ("/v1/devices", "/v1/quarantine", "/v1/conflicts", "/v1/status"):
        answered = client.get(path)
        assert answered.status_code in {401, 403}
        assert answered.headers["content-type"] == MEDIA_TYPE
        assert set(answered.json()) == {"code", "title", "detail"}


def test_every_answer_carries_the_secure_headers(client: AppClient) -> None:
    for path in ("/v1/health", "/v1/nothing"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
    assert client.get("/v1/health").json() == {"role": "mission", "version": "1"}


# --- enrolment --------------------------------------------------------------------------------


def test_a_device_enrols_once_and_gets_ring_and_certificate(
    lite: MissionKit, client: AppClient
) -> None:
    """GOV-041, SEAL-086, SYNC-070."""
    tablet = Tablet(lite, client)
    reply = parse_reply(tablet.enrol())
    ring = open_ring(
        reply.ring.data,
        reply.ring.signature,
        root_fingerprint=tablet.code.root_fingerprint,
        deployment=tablet.code.deployment,
    )
    certificate = open_certificate(reply.certificate, ring)
    assert (certificate.author, certificate.role) == (tablet.author, PeerRole.DEVICE)
    assert reply.author == tablet.author
    assert [d["label"] for d in list_devices(lite.mission)] == ["tablet"]


def test_a_lost_answer_is_given_again_to_the_same_keys_alone(
    lite: MissionKit, client: AppClient
) -> None:
    """GOV-043."""
    tablet = Tablet(lite, client)
    assert tablet.enrol() == tablet.enrol()
    thief = Tablet(lite, client)
    thief.code = tablet.code
    answered = client.post("/v1/enrol", content=thief.request())
    assert (answered.status_code, answered.json()["code"]) == (401, TokenInvalid.code)


def test_unknown_expired_and_used_codes_look_alike(lite: MissionKit, client: AppClient) -> None:
    """GOV-042: no answer tells which it is."""
    expired = Tablet(lite, client, "late")
    lite.clock.advance(hours=73)
    unknown = Tablet(lite, client)
    unknown.code = type(unknown.code)(
        **{**{n: getattr(unknown.code, n) for n in unknown.code.__slots__}, "token": bytes(16)}
    )
    details = {
        client.post("/v1/enrol", content=one.request()).json()["detail"]
        for one in (expired, unknown)
    }
    assert len(details) == 1


def test_a_key_enrols_once(lite: MissionKit, client: AppClient) -> None:
    tablet = Tablet(lite, client)
    tablet.enrol()
    tablet.code = invite(lite.mission, "again").code
    assert client.post("/v1/enrol", content=tablet.request()).status_code == 401


def test_a_request_of_nonsense_is_refused(client: AppClient) -> None:
    assert client.post("/v1/enrol", content=b"\xff").status_code == 400
    too_large = client.post("/v1/enrol", content=bytes(SMALL_BODY_BYTES_MAX + 1))
    assert too_large.status_code == 413


def test_an_invitation_needs_a_label_and_time(lite: MissionKit) -> None:
    with pytest.raises(UsageError):
        invite(lite.mission, " ")
    with pytest.raises(UsageError):
        invite(lite.mission, "x", hours=0)
    assert invite(lite.mission, "h", DeviceKind.HUB).kind is DeviceKind.HUB


def test_a_device_is_revoked_by_its_name_once(lite: MissionKit, tablet: Tablet) -> None:
    """GOV-045."""
    with pytest.raises(UsageError, match="reason"):
        revoke(lite.mission, "tablet", " ")
    assert revoke(lite.mission, "tablet", "stolen", lost=True) == {}
    with pytest.raises(UsageError, match="was revoked"):
        revoke(lite.mission, tablet.author.hex()[:8], "again")
    with pytest.raises(NotFound):
        revoke(lite.mission, "nobody", "x")


# --- exchange ---------------------------------------------------------------------------------


def test_records_arrive_and_a_receipt_comes_back(kit: MissionKit, intake: Intake) -> None:
    """SYNC-021, SYNC-040, on both databases: what the receipt names is committed."""
    publish_form(kit)
    tablet = Tablet(kit, AppClient(create_app(kit.mission)))
    tablet.enrol()
    intake.drain()
    status, data = tablet.send(tablet.greeting())
    assert status == 200
    answer = decode_answer(data)
    assert answer.batch is not None, "the broadcasts come down"
    status, data = tablet.send(_log_of(kit, tablet))
    assert status == 200
    receipts = decode_answer(data).papers.receipts
    receipt = open_receipt(*receipts[0], kit.mission.ring())
    assert [(r.author, r.sequence) for r in receipt.have] == [(tablet.author, 2)]
    assert receipt.backed_up == ()


def _log_of(kit: MissionKit, tablet: Tablet) -> Message:
    """An epoch and a tally, sealed by the tablet, as one batch."""
    ring = kit.mission.ring()
    tip = Tip(LogId(ring.deployment, tablet.author, 0))
    day = kit.mission.today
    first, epoch = begin_epoch(tablet.key, tip, ring, day, os.urandom)
    plain = encode_tally(Tally("household", "1", "", day, Outcome.REFUSED))
    second = append_sealed(
        tablet.key,
        first.tip,
        Kind.TALLY,
        {Compartment.BODY: plain},
        epoch=epoch,
        day=day,
        random_bytes=os.urandom,
    )
    entries = tuple(
        SealedEntry(
            one.entry.header,
            one.header_bytes,
            one.hash,
            {c: d for c, d in one.entry.payloads.items() if d is not None},
        )
        for one in (first, second)
    )
    batch = encode_batch(ring.deployment, [Run(entries, day, second.signature)])
    return Message(ring.deployment, tablet.author, have=HaveVector(), batch=batch)


def test_a_challenge_works_once_for_its_author_and_ten_minutes(
    lite: MissionKit, client: AppClient, tablet: Tablet
) -> None:
    """SYNC-030."""
    challenge = tablet.challenge()
    assert tablet.send(tablet.greeting(), challenge)[0] == 200
    assert tablet.send(tablet.greeting(), challenge)[0] == 401
    other = Tablet(lite, client, "other")
    other.enrol()
    assert tablet.send(tablet.greeting(), other.challenge())[0] == 401
    late = tablet.challenge()
    lite.clock.advance(minutes=11)
    assert tablet.send(tablet.greeting(), late)[0] == 401


def test_a_wrong_signature_sender_or_project_is_refused(
    lite: MissionKit, client: AppClient, tablet: Tablet
) -> None:
    """SYNC-030, SYNC-031."""
    assert tablet.send(tablet.greeting(), key=SigningKey.generate())[0] == 401
    stranger = Tablet(lite, client)
    assert stranger.send(stranger.greeting())[0] == 401
    claimed = Message(lite.mission.ring().deployment, stranger.author, have=HaveVector())
    assert tablet.send(claimed)[0] == 401
    foreign = Message(type(lite.mission.ring().deployment)(b"otherone"), tablet.author)
    assert tablet.send(foreign)[0] == 409
    assert client.post("/v1/sync/exchange", headers={"Cairn-Author": "zz"}).status_code == 400


def test_the_server_tells_whether_it_knows_the_caller(client: AppClient, tablet: Tablet) -> None:
    known = client.post("/v1/sync/challenge", content=encode([1, tablet.author]))
    unknown = client.post("/v1/sync/challenge", content=encode([1, AuthorId(bytes(16))]))
    assert [decode(known.content)[2], decode(unknown.content)[2]] == [True, False]
    assert isinstance(decode_answer(tablet.send(tablet.greeting())[1]), Answer)


# --- people -----------------------------------------------------------------------------------


def test_a_coordinator_logs_in_works_and_logs_out(lite: MissionKit, client: AppClient) -> None:
    """GOV-040, GOV-046."""
    add_user(lite.mission, "ana", ["coordinator"], PASSWORD)
    answered = client.post("/v1/session", json={"name": "ana", "password": PASSWORD})
    assert answered.json()["roles"] == ["coordinator"]
    headers = {"Authorization": f"Bearer {answered.json()['token']}"}
    assert client.get("/v1/devices", headers=headers).json() == []
    made = client.post("/v1/devices", headers=headers, json={"label": "t9", "hours": 5}).json()
    assert parse_enrolment_code(made["code"]).label == "Test mission"
    assert client.get("/v1/status", headers=headers).json()["received"] == 0
    assert client.get("/v1/quarantine", headers=headers).json() == []
    assert client.get("/v1/conflicts", headers=headers).json() == []
    assert client.delete("/v1/session", headers=headers).json() == {"closed": True}
    assert client.get("/v1/devices", headers=headers).status_code == 401


def test_sessions_end_by_time_and_by_disabling(lite: MissionKit, client: AppClient) -> None:
    """GOV-048."""
    add_user(lite.mission, "ana", ["coordinator"], PASSWORD)
    for end in (lambda: lite.clock.advance(hours=9), lambda: disable_user(lite.mission, "ana")):
        answered = client.post("/v1/session", json={"name": "ana", "password": PASSWORD})
        headers = {"Authorization": f"Bearer {answered.json()['token']}"}
        end()
        assert client.get("/v1/devices", headers=headers).status_code == 401
    assert client.post("/v1/session", json={"name": "ana", "password": PASSWORD}).status_code == 401


def test_failed_logins_slow_down_alike_for_known_and_unknown_names(
    lite: MissionKit, client: AppClient
) -> None:
    """GOV-047: no answer tells whether the name exists."""
    add_user(lite.mission, "ana", ["coordinator"], PASSWORD)
    seen = {}
    for name in ("ana", "nobody"):
        answers = [
            client.post("/v1/session", json={"name": name, "password": "wrong password"})
            for _ in range(FREE_FAILURES + 2)
        ]
        seen[name] = [(one.status_code, one.json()["detail"]) for one in answers]
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) >= 1
    assert seen["ana"] == seen["nobody"]
    with pytest.raises(Throttled):
        authenticate(lite.mission, "ana", PASSWORD)
    lite.clock.advance(hours=1)
    assert authenticate(lite.mission, "ana", PASSWORD).name == "ana"
    with pytest.raises(PassphraseWrong):
        authenticate(lite.mission, "ana", "wrong password")


@pytest.mark.parametrize(
    ("name", "roles", "password"),
    [
        ("", ["coordinator"], PASSWORD),
        ("x", [], PASSWORD),
        ("x", ["king"], PASSWORD),
        ("x", ["device"], PASSWORD),
        ("x", ["coordinator"], "short"),
    ],
)
def test_an_account_that_cannot_be_is_refused(
    lite: MissionKit, name: str, roles: list[str], password: str
) -> None:
    with pytest.raises(UsageError):
        add_user(lite.mission, name, roles, password)


def test_a_malformed_request_names_its_fields_and_echoes_nothing(client: AppClient) -> None:
    answered = client.post("/v1/session", json={"name": 3, "pass": "my secret"})
    assert answered.status_code == 400
    assert "body.password" in answered.json()["detail"]
    assert "secret" not in answered.text


# --- releases ---------------------------------------------------------------------------------


def test_public_releases_are_read_as_signed_and_others_need_a_session(
    lite: MissionKit, client: AppClient
) -> None:
    folder = lite.mission.settings.releases_folder
    for audience, number in (("public", 1), ("public", 2), ("partner", 1)):
        (folder / audience).mkdir(exist_ok=True)
        (folder / audience / f"{number:04d}.release").write_bytes(b"signed %d" % number)
    (folder / "public" / "draft.tmp").write_bytes(b"x")
    assert [one["id"] for one in client.get("/v1/releases").json()] == [
        "public-0001",
        "public-0002",
    ]
    assert client.get("/v1/releases/public-0002").content == b"signed 2"
    for name in ("public-0003", "partner-0001", "public-1x", "..%2fserver.toml", "mission-0001"):
        assert client.get(f"/v1/releases/{name}").status_code == 404
    add_user(lite.mission, "pat", ["partner"], PASSWORD)
    token = client.post("/v1/session", json={"name": "pat", "password": PASSWORD}).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/v1/releases/partner-0001", headers=headers).content == b"signed 1"
    add_user(lite.mission, "aud", ["auditor"], PASSWORD)
    token = client.post("/v1/session", json={"name": "aud", "password": PASSWORD}).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/v1/releases/partner-0001", headers=headers).status_code == 403


def test_the_ring_is_public(lite: MissionKit, client: AppClient) -> None:
    data, signature = decode(client.get("/v1/ring").content)
    known = lite.mission.project()
    ring = open_ring(
        data,
        signature,
        root_fingerprint=known.root_fingerprint or b"",
        deployment=known.deployment,
    )
    assert ring == lite.mission.ring()


def test_every_error_has_a_status() -> None:
    """SYNC-031."""
    pending, seen = [CairnError], []
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        seen.append(kind)
    for kind in seen:
        assert 400 <= status_of(kind.__new__(kind)) < 600
    assert status_of(StoreBusy("x")) == 503
    assert status_of(PolicyDenied("x")) == 403


def test_the_days_of_the_built_in_policy_are_open(lite: MissionKit) -> None:
    assert lite.mission.policy().context(date(2030, 1, 1)).until_day is None


def test_two_processes_see_each_others_devices(lite: MissionKit, client: AppClient) -> None:
    """A device that enrolled at another process is known here at its next message."""
    tablet = Tablet(lite, AppClient(create_app(lite.mission)))
    tablet.enrol()
    tablet.client = client
    assert tablet.send(tablet.greeting())[0] == 200


def test_a_browser_is_told_what_stands_here(client: AppClient) -> None:
    answered = client.get("/")
    assert answered.status_code == 200
    assert "HQ site" in answered.text
    assert answered.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(("method", "path", "status"),
                         [("GET", "/v1/nothing", 404), ("DELETE", "/v1/health", 405)])  # fmt: skip
def test_a_path_that_does_not_exist_is_a_problem_like_any_other(
    client: AppClient, method: str, path: str, status: int
) -> None:
    answered = client.request(method, path)
    assert answered.status_code == status
    assert answered.headers["content-type"] == "application/problem+json"
    assert path in answered.json()["detail"]
    assert (status == 405) == ("allow" in answered.headers)
