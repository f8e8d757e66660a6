"""The HQ site's web application: its addresses, and the headers every answer carries."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles

from server.web.hq.library import Library
from server.web.hq.pages import Pages

CSP: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}


def create_app(library: Library) -> FastAPI:
    """Return the application over one HQ home."""
    app = FastAPI(title="Cairn HQ", docs_url=None, redoc_url=None, openapi_url=None)
    pages = Pages(library)
    app.mount("/static", StaticFiles(packages=[("server.web.hq", "static")]), name="static")

    @app.middleware("http")
    async def secure(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
        response.headers.update(_HEADERS)
        return response

    @app.exception_handler(404)
    def missing(request: Request, _: Exception) -> Response:
        return pages.message(request, 404)

    @app.get("/", response_class=HTMLResponse)
    def overview(request: Request) -> Response:
        return pages.overview(request)

    @app.get("/m/{mission}", response_class=HTMLResponse)
    def mission_page(request: Request, mission: str) -> Response:
        return pages.mission(request, mission)

    @app.get("/m/{mission}/t/{product}", response_class=HTMLResponse)
    def product_page(request: Request, mission: str, product: str) -> Response:
        return pages.product(request, mission, product)

    @app.get("/m/{mission}/t/{product}.csv", response_class=PlainTextResponse)
    def product_download(request: Request, mission: str, product: str) -> Response:
        return pages.csv(request, mission, product)

    @app.get("/m/{mission}/releases/{number}.release")
    def signed(mission: str, number: int) -> Response:
        return pages.signed(mission, number)

    @app.get("/v1/health")
    def health() -> dict[str, str]:
        return {"status": "ok", "role": "hq"}

    # The download's path also fits the page's pattern: the more exact one must be asked first.
    app.router.routes.sort(key=lambda route: ".csv" not in getattr(route, "path", ""))
    return app
