"""The real client in a real window: vault, engine, sealing and sync, only the line is in memory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from client_project import TestProject
from ui_driver import Driver

from mobile_client.app import CairnApp
from mobile_client.presenters.client import ClientPresenter
from mobile_client.presenters.status import Destination, Transfer
from mobile_client.screens.frame import Frame
from mobile_client.screens.work import ThreadWork
from mobile_client.services.client import Client
from mobile_client.widgets.overlay import Stage
from sync.transports.memory import MemoryTransport


class WiredClient(Client):
    """The client, whose mission server answers in this process instead of over a socket."""

    mission: TestProject

    def join(self, code: str, device_label: str, name: str, passphrase: str, **send: Any) -> None:
        """Enrol with the server in this process."""
        send.setdefault("send", self.mission.answer_enrolment)
        super().join(code, device_label, name, passphrase, **send)

    def hand_over(
        self,
        destination: Destination,
        on_progress: Callable[[Transfer], None],
        stopped: Callable[[], bool],
    ) -> Transfer:
        """Hand over to the server in this process; bundles go to their file."""
        if destination.kind != "mission":
            return super().hand_over(destination, on_progress, stopped)
        assert self.project is not None
        line = MemoryTransport(self.mission.responder, self.project.peer.me.author)
        return self.exchange_over(line, on_progress, stopped)


class RealWindow:
    """One tablet: a home folder that outlives the app, as after a kill."""

    def __init__(self, project: TestProject, home: Path) -> None:
        self.project = project
        self.home = home
        self.client: WiredClient | None = None
        self.ui: Driver | None = None

    def start(self) -> Driver:
        """Open the app over the home."""
        plain = self.project.client(self.home)
        machine = plain.machine
        plain.close()
        self.client = WiredClient(self.home, machine)
        self.client.mission = self.project
        work = ThreadWork()
        presenter = ClientPresenter(self.client, work)
        frame = Frame(presenter, Stage(), machine.device, work, self.project.clock.now)
        self.ui = Driver(CairnApp(frame, work))
        return self.ui

    def kill(self) -> None:
        """End the app as the system does: no goodbye to the vault, only the files are let go."""
        assert self.client is not None
        assert self.ui is not None
        app = self.ui.app
        app.screen.flush = lambda: None
        self.ui.close()
        self.client.close()
        self.client = self.ui = None
