"""Handing over to a hub nearby: the search's states, the last hub, and Android's multicast lock."""

import ast
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from client_project import DEPLOYMENT, TestProject
from ui_ports import HUBS, ScriptedInterview, ScriptedPorts

from mobile_client.device.services import DeviceFault
from mobile_client.locale.collect import messages
from mobile_client.presenters.hand_over import HandOverPresenter, Looking
from mobile_client.presenters.rows import HubsFound
from shared.errors import CairnError, Offline
from shared.sealing.keys import SigningKey
from sync.core.attest import Revoked
from sync.core.have import LogName, Point
from sync.core.hub_code import HubCode

REPO = Path(__file__).resolve().parents[2]


class Later:
    """Work that is done when the test says so."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []

    def run(self, job: Any, done: Any, failed: Any) -> None:
        def do() -> None:
            try:
                result = job()
            except CairnError as error:
                failed(error)
            else:
                done(result)

        self.jobs.append(do)

    def post(self, call: Callable[[], None]) -> None:
        call()

    def do(self, nth: int = 0) -> None:
        self.jobs.pop(nth)()


def presenter(**ports: Any) -> tuple[HandOverPresenter, ScriptedPorts, Later, list[str]]:
    scripted, work, left = ScriptedPorts(ScriptedInterview([]), **ports), Later(), []
    made = HandOverPresenter(scripted, work, on_leave=lambda: left.append("left"))
    return made, scripted, work, left


def test_sync_096_a_search_goes_from_running_to_done() -> None:
    """SYNC-096: what is found shows as it comes."""
    over, _, work, _ = presenter(hubs=HUBS)
    shown: list[Looking] = []
    over.subscribe(lambda state: shown.append(state.looking))
    over.look_for_hubs()
    over.look_for_hubs()
    assert len(work.jobs) == 1, "one at a time"
    work.do()
    phases = [(one.phase, len(one.found.rows)) for one in shown]
    assert phases == [("", 0), ("running", 0), *(("running", n) for n in (1, 2, 3, 4)), ("done", 4)]
    assert not over.state.looking.is_empty


def test_sync_096_what_comes_after_a_stop_is_not_shown() -> None:
    """SYNC-096, also where another search began meanwhile."""
    over, ports, work, _ = presenter(hubs=HUBS)
    over.look_for_hubs()
    over.stop_looking()
    assert (over.state.looking.phase, over.state.looking.is_empty) == ("stopped", True)
    ports.hubs = HUBS[:1]
    over.look_for_hubs()
    work.do(0)
    assert over.state.looking == Looking("running"), "the first one's words are not the second's"
    assert ports.log == [], "it saw that it was stopped"
    work.do(0)
    assert [row.label for row in over.state.looking.found.rows] == ["Goma"]


def test_sync_096_leaving_and_handing_over_end_a_search() -> None:
    over, ports, work, left = presenter(hubs=HUBS)
    over.look_for_hubs()
    over.leave()
    work.do()
    assert (left, ports.log) == (["left"], [])
    over.look_for_hubs()
    over.to_found(HUBS[0])
    work.do(0)
    assert ports.log == []
    assert over.state.phase == "running"
    over.look_for_hubs()
    assert len(work.jobs) == 1, "none begins while records leave"
    work.do()
    assert (over.state.phase, over.state.notice is None) == ("failed", False)


def test_sync_096_a_hub_that_cannot_be_used_cannot_be_chosen() -> None:
    over, _, work, _ = presenter(hubs=HUBS)
    over.to_found(HUBS[2])
    assert work.jobs == []
    assert over.state.phase == "idle"
    assert "does not know this hub" in str(over.state.notice)


def test_a_search_that_fails_says_so_and_ends() -> None:
    class Broken(ScriptedPorts):
        def look_for_hubs(
            self, on_seen: Callable[[HubsFound], None], stopped: Callable[[], bool]
        ) -> HubsFound:
            del on_seen, stopped
            raise Offline("this device belongs to no project yet")

    work = Later()
    over = HandOverPresenter(Broken(ScriptedInterview([])), work, on_leave=lambda: None)
    over.look_for_hubs()
    work.do()
    assert over.state.looking.is_empty
    assert over.state.looking.found.notice == "this device belongs to no project yet"


def test_sync_097_the_last_hub_is_remembered_until_it_is_revoked(tmp_path: Path) -> None:
    """SYNC-097: by its author, at the addresses of its code."""
    project = TestProject()
    project.publish()
    client = project.enrolled(tmp_path / "home")
    assert client.project is not None
    key = SigningKey.generate()
    code = HubCode(DEPLOYMENT, ("https://192.168.4.1:8444",), key.public_bytes, bytes(32), "Goma")
    client.files.note_hub(code.hub.hex())
    assert [to.kind for to in client.destinations()] == ["mission"], "its code is not known here"
    client.project.peer.know_hub(code)
    _, last = client.destinations()
    assert (last.kind, last.label, last.address, last.taken_ms) == (
        "hub",
        "Goma",
        code.text(),
        None,
    )
    client.close()
    client = project.client(tmp_path / "home")
    assert client.destinations()[1] == last, "also after a restart, and while locked"
    project.attest(Revoked(LogName(code.hub, 0), Point(0, bytes(32)), "lost"))  # type: ignore[arg-type]
    project.sync(client)
    assert [to.kind for to in client.destinations()] == ["mission"]
    client.close()


def test_every_usual_reason_is_in_the_catalogues() -> None:
    """What sync/found_hubs.py raises is what the screens know to translate."""
    tree = ast.parse((REPO / "sync" / "found_hubs.py").read_text("utf-8"))
    raised = {
        node.exc.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.args[0], ast.Constant)
    }
    known = {message[0] for message in messages()}
    assert raised - known == {"this hub serves another project"}, "such a hub is never listed"
    assert len(raised) == 5


# --- Android: its own code runs here against a stand-in for pyjnius, never against a device


class Lock:
    def __init__(self) -> None:
        self.steps: list[str] = []

    def setReferenceCounted(self, counted: bool) -> None:  # noqa: FBT001, N802 - Java's
        self.steps.append(f"counted {counted}")

    def acquire(self) -> None:
        self.steps.append("acquire")

    def release(self) -> None:
        self.steps.append("release")

    def isHeld(self) -> bool:  # noqa: N802 - Java's
        return self.steps[-1] == "acquire"


def stand_in(monkeypatch: pytest.MonkeyPatch, make_lock: Callable[[str], Lock]) -> None:
    wifi = SimpleNamespace(createMulticastLock=make_lock)
    context = SimpleNamespace(getSystemService={"wifi": wifi}.__getitem__)
    activity = SimpleNamespace(getApplicationContext=lambda: context)
    jnius = ModuleType("jnius")
    jnius.autoclass = lambda _: SimpleNamespace(mActivity=activity)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "jnius", jnius)


def test_sync_098_androids_lock_is_held_while_it_listens_and_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SYNC-098. NOT RUN ON A DEVICE: the calls' names and order alone are held here."""
    from mobile_client.device.android import AndroidMulticast  # noqa: PLC0415

    lock = Lock()
    stand_in(monkeypatch, lambda _name: lock)
    during: list[str] = []

    def search() -> None:
        with AndroidMulticast().heard():
            during.extend(lock.steps)
            raise Offline("in the middle of a search")

    with pytest.raises(Offline):
        search()
    assert during == ["counted False", "acquire"]
    assert lock.steps[-1] == "release"


def test_sync_098_a_refusal_is_a_fault_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from mobile_client.device.android import AndroidMulticast  # noqa: PLC0415

    def refuse(_name: str) -> Lock:
        raise RuntimeError("SecurityException")

    stand_in(monkeypatch, refuse)
    with pytest.raises(DeviceFault, match="multicast"), AndroidMulticast().heard():
        pass
