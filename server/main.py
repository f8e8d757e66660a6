"""The mission server's application: routes over one open mission."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import FastAPI, Request, Response

from server import problems
from server.deps import AppState
from server.intake.exchange import MissionExchange
from server.mission import Mission
from server.routes import field, public, session, sync

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Strict-Transport-Security": "max-age=31536000",
}
"""On every answer: nothing here is a page, and nothing is to be kept by anyone in between."""


def create_app(mission: Mission) -> FastAPI:
    """Return the application of an unlocked mission.

    Raises:
        UsageError: the keys are locked.
        KeyNotTrusted: the project has no key ring yet.
    """
    app = FastAPI(title="Cairn mission server", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.cairn = AppState(mission, MissionExchange(mission))
    problems.install(app)
    for module in (public, sync, session, field):
        app.include_router(module.router)

    @app.middleware("http")
    async def secure_headers(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app
