"""The hub's web side: the exchange for devices, health, and the coordinator's page.

The page is shown on the hub itself alone, and says which devices, how much and how long; a hub
cannot open what it carries.
"""

import logging
from collections.abc import Callable
from importlib import resources
from typing import Final

import segno
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.requests import ClientDisconnect

from server.hub import exchange
from server.hub.enrol import pass_on_enrolment
from server.hub.home import Hub
from server.hub.status import age_text, hub_status, size_text
from shared.clock import RandomBytes
from shared.errors import CairnError, LimitExceeded, StoreError, TransportError
from sync.core.challenges import Challenges
from sync.core.messages import MESSAGE_BYTES_MAX
from sync.responder import HubIssuer, Responder
from sync.transports.https import MEDIA_TYPE

_LOCAL: Final = frozenset(("127.0.0.1", "::1"))
_SMALL_BODY_BYTES: Final = 64 << 10
_LOG: Final = logging.getLogger("cairn.hub")


def create_app(
    hub: Hub, random_bytes: RandomBytes, on_new: Callable[[], None] = lambda: None
) -> FastAPI:
    """Return the hub's application; `on_new` hears of each exchange that may have brought some."""
    app = FastAPI(title="Cairn hub", docs_url=None, redoc_url=None, openapi_url=None)
    responder = Responder(hub.peer, HubIssuer(hub.peer))
    challenges = Challenges(hub.clock, random_bytes)
    page = Environment(
        loader=PackageLoader("server.hub"), autoescape=select_autoescape()
    ).get_template("hub.html")

    @app.exception_handler(CairnError)
    async def problem(_request: Request, error: CairnError) -> JSONResponse:
        status = exchange.status_of(error)
        if isinstance(error, StoreError) and not error.retryable:
            _LOG.error("%s [%s]", error.message, error.code)
        body = {"code": error.code, "title": type(error).__name__, "detail": error.message}
        headers = {"Retry-After": "1"} if status == 503 else {}  # noqa: PLR2004 - StoreBusy
        return JSONResponse(body, status, headers, media_type="application/problem+json")

    @app.get("/v1/health")
    async def health() -> dict[str, str]:
        return {"role": "hub", "version": "1"}

    @app.post("/v1/sync/challenge")
    async def challenge(request: Request) -> Response:
        body = await _body(request, _SMALL_BODY_BYTES)
        data = await run_in_threadpool(exchange.challenge, responder, challenges, body)
        return Response(data, media_type=MEDIA_TYPE)

    @app.post("/v1/sync/exchange")
    async def exchange_messages(request: Request) -> Response:
        body = await _body(request, MESSAGE_BYTES_MAX)
        headers = dict(request.headers)
        named = {name: headers.get(name.lower(), "") for name in _PROOF}
        data, following = await run_in_threadpool(
            exchange.exchange, responder, challenges, named, body
        )
        on_new()
        return Response(data, media_type=MEDIA_TYPE, headers={"Cairn-Challenge": following.hex()})

    @app.post("/v1/enrol")
    async def enrol(request: Request) -> Response:
        body = await _body(request, _SMALL_BODY_BYTES)
        data = await run_in_threadpool(pass_on_enrolment, hub, body)
        return Response(data, media_type=MEDIA_TYPE)

    @app.get("/")
    def show(request: Request) -> HTMLResponse:
        if request.client is None or request.client.host not in _LOCAL:
            return HTMLResponse("Not found", 404)
        now = hub.clock.now()
        code = hub.code().text()
        qr = segno.make(code, error="l").svg_inline(scale=4, border=2)
        return HTMLResponse(
            page.render(
                status=hub_status(hub),
                code=code,
                qr=qr,
                age=lambda since: age_text(since, now),
                size=size_text,
            )
        )

    return app


_PROOF: Final = ("Cairn-Author", "Cairn-Challenge", "Cairn-Signature")


async def _body(request: Request, at_most: int) -> bytes:
    """Read a request's body, refusing one that is too large before it is held."""
    data = bytearray()
    try:
        async for piece in request.stream():
            data += piece
            if len(data) > at_most:
                raise LimitExceeded(f"the request is larger than {at_most} bytes")
    except ClientDisconnect:
        raise TransportError("the caller went away in the middle of its request") from None
    return bytes(data)


def template_text() -> str:
    """Return the page's template, for the test that it needs nothing from elsewhere."""
    return resources.files("server.hub").joinpath("templates/hub.html").read_text("utf-8")
