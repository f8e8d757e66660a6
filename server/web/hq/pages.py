"""The HQ site page by page: what each one gathers from the verified releases. HQ-001..008."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import Request, Response
from starlette.exceptions import HTTPException

from server.aggregates.csv_format import product_csv
from server.aggregates.release import Release
from server.web.hq import charts
from server.web.hq.library import Library, Shelf
from server.web.hq.pictures import area_map, breakdown_of, trend_of
from server.web.hq.rendering import Renderer, language_of
from server.web.hq.views import Product, is_pyramid, products_of, show_table
from server.web.hq.words import number_text, pick, words_for
from shared.errors import CairnError, NotFound
from shared.sealing.keys import root_fingerprint


class Pages:
    """Page by page: gather, then render."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._renderer = Renderer()

    def overview(self, request: Request) -> Response:
        """Show every mission with its state and headline numbers."""
        language = language_of(request)
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
        return self._renderer.render(request, "overview.html", {"cards": cards})

    def mission(self, request: Request, name: str) -> Response:
        """Show one mission's tables and releases."""
        language = language_of(request)
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
        return self._renderer.render(request, "mission.html", content)

    def product(self, request: Request, name: str, product_id: str) -> Response:
        """Show one product: map, trend, breakdown, table, provenance."""
        language = language_of(request)
        shelf, release, product = self._find(name, product_id)
        round_id = request.query_params.get("round", "")
        table = product.tables.get(round_id) or product.newest
        words = words_for(language)
        say = charts.Words(language, words["hidden"], words["no_data"])
        document = release.document()
        picture, legend = area_map(document, table, product.title(language), say, language)
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
            "trend": trend_of(product, say),
            "breakdown": breakdown_of(table, say, language, words),
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
        return self._renderer.render(request, "product.html", content)

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
        page = self._renderer.render(request, "message.html", {})
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


def _gone() -> Exception:
    """Return what makes a 404: outside what is held and not there look alike."""
    return HTTPException(404, NotFound.code)
