"""Pages of ours in real Chromium: serve an application, open a page that may ask nobody else."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

SHOTS = Path(__file__).parents[2] / "build" / "shots"
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an application on loopback; yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(app, port=port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            httpx.get(f"{address}/v1/health")
            break
        except httpx.TransportError:
            threading.Event().wait(0.05)
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Open the machine's browser."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_ARGUMENTS)
        yield opened
        opened.close()


@contextmanager
def strict_page(browser: Browser, site: str) -> Iterator[Page]:
    """Open a page that fails the test on any console message or request elsewhere."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB")
    troubles: list[str] = []
    opened.on("console", lambda message: troubles.append(message.text))
    opened.on(
        "request",
        lambda request: None if request.url.startswith(site) else troubles.append(request.url),
    )
    yield opened
    opened.close()
    assert troubles == []


def shooter(prefix: str) -> Callable[[Page, str], None]:
    """Return what takes pictures for people to look at, under build/shots."""

    def shoot(page: Page, name: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{prefix}_{name}.png", full_page=True)

    return shoot
