"""The station's web side: one page, for this laptop alone. Rules STN-050, STN-051."""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from server.station.page import Page
from server.station.picture import Chosen
from server.station.watch import Watch
from shared.clock import RandomBytes
from shared.errors import CairnError

_TOKEN_BYTES: Final = 16
_TEXT_MAX: Final = 200
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def new_token(random_bytes: RandomBytes) -> str:
    """Return what the page's address must hold once."""
    return random_bytes(_TOKEN_BYTES).hex()


def create_app(watch: Watch, token: str) -> FastAPI:
    """Return the application; whoever has the token sees the page, and nobody else."""
    app = FastAPI(title="Cairn station", docs_url=None, redoc_url=None, openapi_url=None)
    page = Page()
    cookie = f"cairn_station_{token[:8]}"
    static = StaticFiles(packages=[("server.station", "static")])
    app.mount("/static", static, name="static")

    @app.middleware("http")
    async def guard(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        if _is_local(request):
            response = await call_next(request)
        else:
            response = HTMLResponse("Not found", 404)
        response.headers.update(_HEADERS)
        return response

    @app.exception_handler(CairnError)
    async def trouble(_request: Request, error: CairnError) -> Response:
        return PlainTextResponse(error.message, 500)

    @app.get("/v1/health")
    async def health() -> dict[str, str]:
        return {"role": "station", "version": "1"}

    @app.get("/")
    async def show(request: Request) -> Response:
        query = request.query_params
        if _same(query.get("key", ""), token):
            response = RedirectResponse("/", 303)
            response.set_cookie(cookie, token, httponly=True, samesite="strict", path="/")
            return response
        if not _same(request.cookies.get(cookie, ""), token):
            return HTMLResponse(page.shut(request), 403)
        chosen = Chosen(query.get("round", "")[:_TEXT_MAX], query.get("form", "")[:_TEXT_MAX])
        picture = await run_in_threadpool(watch.look, chosen)
        return HTMLResponse(page.station(request, picture))

    return app


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _is_local(request: Request) -> bool:
    """Tell whether caller and Host are this machine; a name bent to it is not (STN-050)."""
    try:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return False
    caller = request.client.host if request.client is not None else ""
    return (host == "localhost" or is_loopback(host)) and is_loopback(caller)


def is_loopback(address: str) -> bool:
    """Tell whether an address is of this machine alone."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
