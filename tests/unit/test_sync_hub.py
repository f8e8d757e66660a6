"""The hub as people use it: init, enrol now or later, serve, forward, bundles, page, status."""

import asyncio
import json
import os
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from http_peer import responder_app, serving
from log_writing import DEPLOYMENT, FakeClock, Writer
from sync_network import ROOT, TRANSPORT, Network, Node, hashes, hpke_key
from typer.testing import CliRunner

from server.commands.hub import app
from server.hub.app import create_app, template_text
from server.hub.bundles import export_bundle, import_bundle
from server.hub.enrol import enrol_hub
from server.hub.forward import forward_once
from server.hub.home import Hub
from server.hub.run import local_addresses
from server.hub.status import Carried, age_text, hub_status, size_text
from shared.errors import CairnError, Offline, UsageError
from shared.sealing.enrol import EnrolmentCode, EnrolmentRequest, parse_reply, sign_request
from shared.sealing.keys import root_fingerprint
from sync.carrier import bundle_messages, hub_reader, take_bundle
from sync.core.certificate import PeerRole
from sync.core.hub_code import parse_hub_code
from sync.core.messages import Papers
from sync.core.store import Chunk
from sync.driver import sync_once
from sync.hub_notes import NOTE
from sync.responder import HubIssuer, Responder
from sync.transports.bundle import BundleFrom, open_bundle, write_bundle
from sync.transports.https import HttpTransport, open_client, post

TOKEN = b"hub token 123456"
World = tuple[Network, Node, EnrolmentCode]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A mission server on the network that will enrol one hub."""
    network = Network()
    mission = network.mission()
    tokens = {TOKEN: PeerRole.HUB, b"device token 123": PeerRole.DEVICE}
    served = responder_app(mission, network.clock, tokens)
    with serving(served, tmp_path / "mission", network.clock) as (url, pin):
        yield network, mission, enrolment_code(url, pin)


def enrolment_code(url: str, pin: bytes) -> EnrolmentCode:
    return EnrolmentCode(
        DEPLOYMENT, (url,), root_fingerprint(ROOT.public_bytes), TOKEN, 1 << 50, pin, "Project"
    )


def run(*arguments: object) -> Any:
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def ask(
    served: FastAPI, method: str, path: str, content: bytes = b"", host: str = "127.0.0.1"
) -> httpx.Response:
    async def send() -> httpx.Response:
        line = httpx.ASGITransport(served, client=(host, 1))
        async with httpx.AsyncClient(transport=line, base_url="https://hub") as client:
            return await client.request(method, path, content=content)

    return asyncio.run(send())


def make(home: Path, code: EnrolmentCode, *options: str) -> Any:
    listen = ("--listen", "127.0.0.1:8444", "--label", "Goma")
    return run("init", home, "--code", code.text(), *listen, *options)


def opened(home: Path, network: Network) -> Hub:
    return Hub(home, network.clock)


def test_init_enrols_and_shows_a_code_that_tablets_read(world: World, tmp_path: Path) -> None:
    network, mission, code = world
    said = make(tmp_path / "hub", code)
    assert (said["enrolled"], said["note"]) == (True, "enrolled")
    shown = parse_hub_code(said["code"])
    assert shown.addresses == ("https://127.0.0.1:8444",)
    hub = opened(tmp_path / "hub", network)
    assert mission.peer.directory.role(hub.keys.author) is PeerRole.HUB
    assert shown.tls_pin == hub.keys.tls_pin
    hub.close()
    for path in (tmp_path / "hub" / "keys").iterdir():
        assert path.stat().st_mode & 0o077 == 0, f"{path} can be read by others"
    with pytest.raises(UsageError, match="a hub's folder already"):
        make(tmp_path / "hub", code)


def test_a_hub_without_a_line_enrols_later(world: World, tmp_path: Path) -> None:
    _, _, code = world
    said = make(tmp_path / "hub", code, "--offline")
    assert said["enrolled"] is False
    assert run("enrol", tmp_path / "hub")["enrolled"] is True
    assert run("enrol", tmp_path / "hub")["enrolled"] is True, "twice changes nothing"


def test_a_hub_whose_mission_cannot_be_reached_is_made_all_the_same(tmp_path: Path) -> None:
    said = make(tmp_path / "hub", enrolment_code("https://127.0.0.1:9", bytes(32)))
    assert said["enrolled"] is False
    assert "not yet enrolled" in said["note"]
    hub = Hub(tmp_path / "hub", FakeClock())
    with pytest.raises(Offline):
        enrol_hub(hub)
    with pytest.raises(UsageError, match="no key ring yet"):
        export_bundle(hub, tmp_path / "b.cairnb")
    hub.close()


def test_a_tablet_hands_over_to_the_hub_which_forwards(world: World, tmp_path: Path) -> None:
    network, mission, code = world
    make(tmp_path / "hub", code)
    hub = opened(tmp_path / "hub", network)
    tablet = network.device("tablet")
    tablet.write(4)
    news: list[int] = []
    served = create_app(hub, os.urandom, lambda: news.append(1))
    me = tablet.writer
    with serving(served, tmp_path / "tls", network.clock) as (url, pin):  # noqa: SIM117
        with HttpTransport(url, me.author, me.key, tls_pin=pin) as line:
            tablet.peer.know_hub(hub.code())
            assert sync_once(tablet.peer, line).complete
            assert news
            assert len(tablet.peer.store.papers(NOTE)) == 1
            (row,) = hub_status(hub).devices
            assert (row.held, row.waiting, row.state) == (4, 4, Carried.WAITING)
            network.clock.advance(3 * 3600)
            assert age_text(row.oldest_waiting, network.clock.now()) == "3 h"
            assert forward_once(hub).complete
            assert hashes(mission, tablet.writer) == [[e.hash for e in tablet.writer.entries]]
            (row,) = hub_status(hub).devices
            assert (row.waiting, row.state) == (0, Carried.RECEIVED)
            assert sync_once(tablet.peer, line).complete
            assert len(tablet.peer.receipts()) == 1
    hub.close()


def test_a_device_enrols_through_the_hub(world: World, tmp_path: Path) -> None:
    network, _, code = world
    make(tmp_path / "hub", code)
    hub = opened(tmp_path / "hub", network)
    key = Writer(network.device("new").writer.key).key
    request = EnrolmentRequest(
        b"device token 123", key.public_bytes, hpke_key("new").public, "tablet 7"
    )
    served = create_app(hub, os.urandom)
    with serving(served, tmp_path / "tls", network.clock) as (url, pin):  # noqa: SIM117
        with open_client(url, tls_pin=pin) as client:
            reply = parse_reply(post(client, "/v1/enrol", sign_request(key, request), {})[0])
            with pytest.raises(CairnError, match="unknown or used"):
                post(client, "/v1/enrol", sign_request(key, request), {})
    assert hub.peer.directory.public_key(reply.author) == key.public_bytes
    hub.close()


def test_sticks_go_by_the_hub(world: World, tmp_path: Path) -> None:
    network, mission, code = world
    make(tmp_path / "hub", code)
    hub = opened(tmp_path / "hub", network)
    tablet = network.device("tablet")
    tablet.write(5)
    stick, answer = tmp_path / "stick.cairnb", tmp_path / "answer.cairnb"
    origin = BundleFrom(DEPLOYMENT, tablet.writer.author, 1)
    messages = bundle_messages(tablet.peer, hub_reader(tablet.peer, hub.keys.author), Papers())
    write_bundle(stick, origin, [hub.keys.transport.public], messages, os.urandom)
    taken = import_bundle(hub, [stick, stick], answer)
    assert (taken.entries, taken.answer) == (5, [str(answer)])
    tablet.peer.know_hub(hub.code())
    header, carried = open_bundle(answer, [hpke_key("tablet")], DEPLOYMENT)
    take_bundle(tablet.peer, header.sender, carried)
    assert len(tablet.peer.store.papers(NOTE)) == 1
    up = tmp_path / "up.cairnb"
    assert run("export", tmp_path / "hub", up)["files"] == [str(up)]
    header, carried = open_bundle(up, [TRANSPORT], DEPLOYMENT)
    take_bundle(mission.peer, header.sender, carried)
    assert hashes(mission, tablet.writer) == [[e.hash for e in tablet.writer.entries]]
    with pytest.raises(UsageError, match="there is no file"):
        import_bundle(hub, [tmp_path / "none"], None)
    with pytest.raises(CairnError):
        import_bundle(hub, [up], None)
    hub.close()


def test_an_unknown_writer_gets_no_answer(world: World, tmp_path: Path) -> None:
    network, _, code = world
    make(tmp_path / "hub", code)
    hub = opened(tmp_path / "hub", network)
    tablet = network.device("tablet")
    tablet.peer.me = type(tablet.peer.me)(tablet.writer.author, tablet.writer.key)
    origin = BundleFrom(DEPLOYMENT, tablet.writer.author, 1)
    messages = bundle_messages(tablet.peer, hub_reader(tablet.peer, hub.keys.author), Papers())
    stick = tmp_path / "stick.cairnb"
    write_bundle(stick, origin, [hub.keys.transport.public], messages, os.urandom)
    taken = import_bundle(hub, [stick], tmp_path / "answer.cairnb")
    assert (taken.answer, taken.not_answered) == ([], [tablet.writer.author.hex()])
    hub.close()


def test_each_of_several_writers_gets_an_answer_of_its_own(world: World, tmp_path: Path) -> None:
    """SYNC-053."""
    network, _, code = world
    make(tmp_path / "hub", code)
    hub = opened(tmp_path / "hub", network)
    tablets = [network.device(name) for name in ("tablet", "another")]
    sticks = [tmp_path / f"{number}.cairnb" for number in range(2)]
    for tablet, stick in zip(tablets, sticks, strict=True):
        tablet.write(3)
        origin = BundleFrom(DEPLOYMENT, tablet.writer.author, 1)
        messages = bundle_messages(tablet.peer, hub_reader(tablet.peer, hub.keys.author), Papers())
        write_bundle(stick, origin, [hub.keys.transport.public], messages, os.urandom)
    taken = import_bundle(hub, [*sticks, sticks[0]], tmp_path / "answer.cairnb")
    assert (taken.files, taken.entries, taken.not_answered) == (3, 6, [])
    names = [tablet.writer.author.hex()[:8] for tablet in tablets]
    assert taken.answer == [str(tmp_path / f"answer-{name}.cairnb") for name in names]
    for tablet, name, answer in zip(tablets, ("tablet", "another"), taken.answer, strict=True):
        tablet.peer.know_hub(hub.code())
        header, carried = open_bundle(Path(answer), [hpke_key(name)], DEPLOYMENT)
        take_bundle(tablet.peer, header.sender, carried)
        (note,) = tablet.peer.opened_notes()
        assert {reach.author for reach in note.have} == {tablet.writer.author}
    hub.close()


# SYNC-033
def test_the_page_shows_devices_and_never_content(world: World, tmp_path: Path) -> None:
    network, _, code = world
    make(tmp_path / "hub", code)
    hub = opened(tmp_path / "hub", network)
    tablet = network.device("tablet", known_to=(Node("hub", hub.peer, Writer(ROOT)),))
    tablet.write(3, b"a sealed payload")
    served = create_app(hub, os.urandom)
    assert "No device has handed anything over yet" in ask(served, "GET", "/").text
    hub_node = Node("hub", hub.peer, Writer(ROOT))
    hub_node.responder = Responder(hub.peer, HubIssuer(hub.peer))
    network.sync(tablet, hub_node)
    text = ask(served, "GET", "/").text
    assert tablet.writer.author.hex()[:8] in text
    assert "waiting for the mission" in text
    assert "a sealed payload" not in text
    assert hub.code().text() in text
    assert ask(served, "GET", "/v1/health").json()["role"] == "hub"
    assert ask(served, "GET", "/", host="192.0.2.1").status_code == 404
    hub.close()


def test_the_page_tells_bytes_of_attachments_by_device(world: World, tmp_path: Path) -> None:
    """SYNC-080: held and wanted, never what."""
    network, _, code = world
    make(tmp_path / "hub", code)
    hub = opened(tmp_path / "hub", network)
    tablet = network.device("tablet", known_to=(Node("hub", hub.peer, Writer(ROOT)),))
    data = b"a sealed picture" * 250_000
    tablet.writer.add(detached=(sha256(data).digest(), len(data)))
    tablet.keep()
    hub_node = Node("hub", hub.peer, Writer(ROOT))
    hub_node.responder = Responder(hub.peer, HubIssuer(hub.peer))
    network.sync(tablet, hub_node)
    with hub.store.transaction():
        hub.store.take_chunk(Chunk(sha256(data).digest(), 0, data[:1_000_000]))
    (row,) = hub_status(hub).devices
    assert (row.attachments_missing, row.attachment_bytes) == (1, 1_000_000)
    assert row.attachment_bytes_wanted == 3_000_000
    text = ask(create_app(hub, os.urandom), "GET", "/").text
    assert "1 MB of 4 MB" in text
    assert "a sealed picture" not in text
    with hub.store.transaction():
        hub.store.take_chunk(Chunk(sha256(data).digest(), 1_000_000, data[1_000_000:]))
    assert ">4 MB<" in ask(create_app(hub, os.urandom), "GET", "/").text
    assert [size_text(n) for n in (900, 1_400_000, 2_100_000_000)] == ["1 kB", "1 MB", "2.1 GB"]
    hub.close()


def test_the_page_needs_nothing_from_elsewhere() -> None:
    text = template_text()
    assert not re.findall(r"(?:src|href)\s*=", text)
    assert "<script" not in text


def test_too_large_a_request_is_refused(world: World, tmp_path: Path) -> None:
    network, _, code = world
    make(tmp_path / "hub", code)
    hub = opened(tmp_path / "hub", network)
    served = create_app(hub, os.urandom)
    answer = ask(served, "POST", "/v1/sync/challenge", bytes(100_000))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert ask(served, "POST", "/v1/sync/challenge", b"\xff").status_code == 400
    assert ask(served, "POST", "/v1/sync/exchange").status_code == 400
    hub.close()


def test_status_and_code_commands(world: World, tmp_path: Path) -> None:
    _, _, code = world
    make(tmp_path / "hub", code)
    said = run("status", tmp_path / "hub")
    assert (said["label"], said["project"], said["waiting"]) == ("Goma", "Project", 0)
    assert run("code", tmp_path / "hub")["code"].startswith("CAIRNHUB1.")
    assert run("sync", tmp_path / "hub")["complete"] is True
    with pytest.raises(UsageError, match="no hub's folder"):
        run("status", tmp_path / "nowhere")


def test_addresses_are_urls_of_this_machine() -> None:
    assert local_addresses("127.0.0.1", 1) == ["https://127.0.0.1:1"]
    assert local_addresses("::1", 1) == ["https://[::1]:1"]
    assert all(a.startswith("https://") for a in local_addresses("0.0.0.0", 1))
