"""The HQ site's web application: pages of verified releases and downloads. HQ-001..008."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException

from server.aggregates.csv_format import product_csv
from server.aggregates.release import Release
from server.web.hq import charts
from server.web.hq.library import Library, Shelf
from server.web.hq.views import (
    AREA,
    MISSING,
    Product,
    Table,
    breakdown_dimension,
    categories,
    is_pyramid,
    products_of,
    show_table,
)
from server.web.hq.words import LANGUAGES, RIGHT_TO_LEFT, number_text, pick, words_for
from shared.errors import CairnError, NotFound
from shared.sealing.keys import root_fingerprint

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
    pages = _Pages(library)
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


class _Pages:
    """Page by page: gather, then render."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._templates = Environment(
            loader=PackageLoader("server.web.hq", "templates"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def overview(self, request: Request) -> Response:
        """Show every mission with its state and headline numbers."""
        language = _language(request)
        cards = []
        for mission in self._library.missions():
            shelf, problem = self._shelf(mission.name)
            newest = shelf.releases[-1] if shelf and shelf.releases else None
            cards.append(
                {
                    "name": mission.name,
                    "label": shelf.ring.label if shelf and shelf.ring else mission.name,
                    "state": _state(shelf, problem),
                    "release": newest,
                    "issued": _day(newest) if newest else "",
                    "headlines": self._headlines(newest, language, 3) if newest else [],
                }
            )
        return self._render(request, "overview.html", {"cards": cards})

    def mission(self, request: Request, name: str) -> Response:
        """Show one mission's tables and releases."""
        language = _language(request)
        shelf, problem = self._shelf(name)
        newest = shelf.releases[-1] if shelf and shelf.releases else None
        content = {
            "mission": name,
            "label": shelf.ring.label if shelf and shelf.ring else name,
            "state": _state(shelf, problem),
            "release": newest,
            "issued": _day(newest) if newest else "",
            "document": newest.document() if newest else None,
            "headlines": self._headlines(newest, language, None) if newest else [],
            "releases": [(each, _day(each)) for each in reversed(shelf.releases)] if shelf else [],
            "root": root_fingerprint(shelf.ring.root_public).hex() if shelf and shelf.ring else "",
        }
        return self._render(request, "mission.html", content)

    def product(self, request: Request, name: str, product_id: str) -> Response:
        """Show one product: map, trend, breakdown, table, provenance."""
        language = _language(request)
        shelf, release, product = self._find(name, product_id)
        round_id = request.query_params.get("round", "")
        table = product.tables.get(round_id) or product.newest
        words = words_for(language)
        say = charts.Words(language, words["hidden"], words["no_data"])
        document = release.document()
        picture, legend = _map(document, table, product.title(language), say, language)
        rule = document["thresholds"][table.data["class"]]
        content = {
            "mission": name,
            "label": shelf.ring.label if shelf.ring else name,
            "product": product,
            "title": product.title(language),
            "description": pick(table.data["description"], language),
            "table": table.data,
            "rounds": list(product.tables),
            "map": picture,
            "legend": legend,
            "trend": _trend(product, say),
            "breakdown": _breakdown(table, say, language, words),
            "is_pyramid": is_pyramid(table),
            "shown": show_table(table, language, words),
            "total": say.of(table.value()),
            "release": release,
            "issued": _day(release),
            "threshold": words["threshold"].format(**rule),
            "audited": words["audited"].format(
                targets=number_text(document["report"]["targets_audited"], language),
                attacks=document["report"]["attacks"],
            ),
            "carried": words["carried"].format(number=table.data["as_of"]),
            "hidden_share": words["hidden_share"].format(
                hidden=number_text(table.data["cells_hidden"], language),
                all=number_text(
                    table.data["cells_hidden"] + table.data["cells_published"], language
                ),
            ),
            "root": root_fingerprint(shelf.ring.root_public).hex() if shelf.ring else "",
            "approved": ", ".join(document.get("approved_by", [])),
        }
        return self._render(request, "product.html", content)

    def csv(self, _request: Request, name: str, product_id: str) -> Response:
        """Return one product as CSV."""
        _, release, product = self._find(name, product_id)
        text = product_csv([table.data for table in product.tables.values()])
        filename = f"{name}-{product_id}-release-{release.number}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)

    def signed(self, name: str, number: int) -> Response:
        """Return one release exactly as the mission signed it."""
        for mission in self._library.missions():
            if mission.name == name and any(
                release.number == number for release in self._library.shelf(mission).releases
            ):
                data = self._library.payload(mission, number)
                return Response(data, media_type="application/cbor")
        raise _gone()

    def message(self, request: Request, status: int) -> Response:
        """Show a page that says what is wrong."""
        page = self._render(request, "message.html", {})
        page.status_code = status
        return page

    def _find(self, name: str, product_id: str) -> tuple[Shelf, Release, Product]:
        """Return a product of a mission's newest release."""
        shelf, _ = self._shelf(name)
        if shelf is None or not shelf.releases:
            raise _gone()
        release = shelf.releases[-1]
        product = products_of(release).get(product_id)
        if product is None:
            raise _gone()
        return shelf, release, product

    def _shelf(self, name: str) -> tuple[Shelf | None, str]:
        """Return a mission's shelf, or why what is held cannot be trusted any more."""
        for mission in self._library.missions():
            if mission.name == name:
                try:
                    return self._library.shelf(mission), ""
                except CairnError as error:
                    return None, error.message
        raise _gone()

    def _headlines(
        self, release: Release, language: str, most: int | None
    ) -> list[Mapping[str, Any]]:
        """Return each product with its newest total."""
        say = words_for(language)
        found: list[Mapping[str, Any]] = []
        for product in list(products_of(release).values())[:most]:
            table = product.newest
            value = table.value()
            known = isinstance(value, int | float)
            found.append(
                {
                    "id": product.id,
                    "title": product.title(language),
                    "value": number_text(float(value), language) if known else "",  # type: ignore[arg-type]
                    "hidden": value is None,
                    "unit": say.get(table.data["unit"], table.data["unit"]),
                    "kind": say[table.data["kind"]],
                    "round": table.data["round"],
                }
            )
        return found

    def _render(self, request: Request, template: str, content: Mapping[str, Any]) -> HTMLResponse:
        """Render a template in the reader's language."""
        language = _language(request)

        def link(path: str, **query: str) -> str:
            wanted = {"lang": language, **query}
            return f"{path}?" + "&".join(f"{key}={value}" for key, value in wanted.items())

        text = self._templates.get_template(template).render(
            w=words_for(language),
            language=language,
            languages=LANGUAGES,
            direction="rtl" if language in RIGHT_TO_LEFT else "ltr",
            link=link,
            path=request.url.path,
            query_round=request.query_params.get("round", ""),
            **content,
        )
        return HTMLResponse(text)


def _map(
    document: Mapping[str, Any], table: Table, title: str, say: charts.Words, language: str
) -> tuple[Any, list[tuple[str, str]]]:
    """Draw the finest areas of a table; nothing where it has none."""
    dimension = next((d for d in table.dimensions if d["name"] == AREA), None)
    if dimension is None:
        return "", []
    inner = {category["parent"] for category in dimension["categories"]}
    values: dict[str, float | None] = {}
    for category in dimension["categories"]:
        value = table.value(area=category["code"])
        if category["code"] not in inner and value is not MISSING:
            values[category["code"]] = value  # type: ignore[assignment]
    names = {area["code"]: pick(area["name"], language) for area in document["geography"]["areas"]}
    return charts.choropleth(document["geography"]["areas"], values, names, title, say)


def _trend(product: Product, say: charts.Words) -> Any:
    """Draw the total over the rounds; nothing for a single round."""
    points = [
        (round_id, value)
        for round_id, table in product.tables.items()
        if (value := table.value()) is not MISSING
    ]
    if len(points) <= 1:
        return ""
    return charts.trend(points, product.id, say)  # type: ignore[arg-type]


def _breakdown(table: Table, say: charts.Words, language: str, words: Mapping[str, str]) -> Any:
    """Draw the pyramid, or bars of the first dimension."""
    if is_pyramid(table):
        ages = [pair for pair in categories(table, "age", language) if not pair[0].endswith("_U")]
        values = {
            (sex, age): table.value(sex=sex, age=age)
            for sex in ("female", "male")
            for age, _ in ages
        }
        sexes = {"female": words["female"], "male": words["male"]}
        return charts.pyramid(ages, values, sexes, words["pyramid"], say)  # type: ignore[arg-type]
    dimension = breakdown_dimension(table)
    if dimension is None:
        return ""
    items = [
        (label, table.value(**{dimension["name"]: code}))
        for code, label in categories(table, dimension["name"], language, with_empty=False)
    ]
    return charts.bars(items, words["breakdown"], say) if items else ""  # type: ignore[arg-type]


def _state(shelf: Shelf | None, problem: str) -> dict[str, str]:
    """Return the badge of a mission: verified, refused with its reason, or not pulled."""
    if problem:
        return {"kind": "refused", "reason": problem}
    if shelf is None or shelf.state is None:
        return {"kind": "not_pulled", "reason": ""}
    if not shelf.state.ok:
        return {"kind": "refused", "reason": shelf.state.message}
    return {"kind": "verified", "reason": ""}


def _day(release: Release) -> str:
    """Return the day a release was issued."""
    return datetime.fromtimestamp(release.issued_ms / 1000, UTC).strftime("%Y-%m-%d")


def _language(request: Request) -> str:
    """Return the language asked for in the address, else of the browser, else English."""
    asked = request.query_params.get("lang", "")
    if asked in LANGUAGES:
        return asked
    for part in request.headers.get("accept-language", "").split(","):
        code = part.strip()[:2].lower()
        if code in LANGUAGES:
            return code
    return "en"


def _gone() -> Exception:
    """Return what makes a 404: outside what is held and not there look alike."""
    return HTTPException(404, NotFound.code)
