"""One window for all UI tests of a process; each test brings its own app into it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from ui_display import display


@pytest.fixture(scope="session")
def window() -> Iterator[None]:
    """Open the window once: Kivy cannot open a second one in a process."""
    with display():
        from mobile_client.widgets.setup import prepare_kivy  # noqa: PLC0415 - before Kivy

        prepare_kivy()
        from kivy.config import Config  # noqa: PLC0415

        Config.set("graphics", "maxfps", "0")  # Tests wait for frames, not for the eye.
        yield


@pytest.fixture
def drive(window: None) -> Iterator[Callable[..., Any]]:
    """Return a function that puts ports under the real presenters and screens, and drives them."""
    del window
    from ui_driver import Driver  # noqa: PLC0415 - needs the display
    from ui_ports import NOW_MS  # noqa: PLC0415

    from mobile_client.app import CairnApp  # noqa: PLC0415
    from mobile_client.device.fake import fake_services  # noqa: PLC0415
    from mobile_client.presenters.client import ClientPresenter  # noqa: PLC0415
    from mobile_client.presenters.presenter import InlineWork  # noqa: PLC0415
    from mobile_client.screens.frame import Frame  # noqa: PLC0415
    from mobile_client.screens.work import ThreadWork  # noqa: PLC0415
    from mobile_client.text.speech import use_language  # noqa: PLC0415
    from mobile_client.widgets.overlay import Stage  # noqa: PLC0415

    opened: list[Driver] = []

    def open_app(ports: Any, size: tuple[int, int] = (480, 860), **frame: Any) -> Driver:
        threads = frame.pop("client_work", None)
        client = ClientPresenter(ports, threads or InlineWork())
        now = datetime.fromtimestamp(NOW_MS / 1000 + 300, tz=UTC)
        parts = {"device": fake_services(), "work": InlineWork(), "now": lambda: now, **frame}
        driver = Driver(CairnApp(Frame(client, Stage(), **parts), threads or ThreadWork()), size)
        opened.append(driver)
        return driver

    yield open_app
    for driver in opened:
        driver.close()
    use_language("en")
