"""HQ-005..008: the site in real Chromium, with no internet and no script."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from browser import chromium, served, shooter, strict_page
from playwright.sync_api import Browser, Page
from release_kit import make_mission

from server.web.hq.app import CSP, create_app
from server.web.hq.library import Library, MissionSource
from server.web.hq.sources import pull

pytestmark = pytest.mark.browser
shoot = shooter("hq")


class StoppedClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)

    def monotonic_s(self) -> float:
        return 0.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve an HQ site that follows one mission with releases, one refused, one empty."""
    folder = tmp_path_factory.mktemp("hq")
    mission = make_mission(folder / "mission")
    mission.fill()
    mission.publish()
    library = Library.init(folder / "site")
    source = str(mission.folder / "releases")
    library.add(MissionSource("squareland", source, mission.fingerprint))
    library.add(MissionSource("stranger", source, "0" * 32))
    library.add(MissionSource("quiet", str(folder / "none"), mission.fingerprint))
    for followed in library.missions()[:2]:
        pull(library, followed, StoppedClock())
    with served(create_app(library)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    with strict_page(browser, site) as opened:
        yield opened


def test_overview_shows_each_mission_with_its_state(page: Page, site: str) -> None:
    page.goto(site)
    text = page.inner_text("main")
    assert "Signature verified" in text
    assert "Last pull refused" in text
    assert "Not pulled yet" in text
    assert "Registered people" in text
    shoot(page, "overview")
    page.click("text=Squareland")
    assert page.inner_text("h1") == "Squareland"
    shoot(page, "mission")


def test_a_product_has_map_trend_breakdown_table_and_provenance(page: Page, site: str) -> None:
    """HQ-006."""
    page.goto(f"{site}/m/squareland/t/homes?lang=en")
    assert page.locator("svg.map path.area").count() == 2
    assert page.locator("svg.trend circle").count() == 2
    assert page.locator("svg.bars rect.bar").count() >= 3
    page.goto(f"{site}/m/squareland/t/people?lang=en")
    assert page.locator("svg.map path.area").count() == 4
    assert page.locator("td.hidden").count() > 0
    assert page.locator("td.hidden .sr").first.text_content() == "Hidden to protect people"
    assert "Counts below 5 people" in page.inner_text(".provenance")
    shoot(page, "product")


def test_rounds_are_chosen_by_link_and_the_total_follows(page: Page, site: str) -> None:
    page.goto(f"{site}/m/squareland/t/homes?lang=en")
    newest = page.inner_text(".figure strong")
    page.click(".rounds >> text=1")
    assert page.inner_text(".rounds [aria-current]") == "1"
    assert page.inner_text(".figure strong") != newest


def test_arabic_mirrors_the_page(page: Page, site: str) -> None:
    """HQ-007."""
    page.goto(f"{site}/m/squareland/t/people?lang=ar")
    assert page.get_attribute("html", "dir") == "rtl"
    assert page.inner_text("h1") == "\u0645\u0633\u062c\u0644\u0648\u0646"
    brand = page.locator(".brand").bounding_box()
    languages = page.locator(".languages").bounding_box()
    assert brand is not None
    assert languages is not None
    assert brand["x"] > languages["x"]
    shoot(page, "product_ar")


@pytest.mark.parametrize("width", [360, 768])
def test_small_screens_do_not_scroll_sideways(page: Page, site: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/", "/m/squareland", "/m/squareland/t/people", "/m/quiet"):
        page.goto(site + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"{site}/m/squareland/t/people")
    shoot(page, f"phone_{width}")


def test_the_csv_is_what_the_page_shows(site: str) -> None:
    """HQ-008."""
    response = httpx.get(f"{site}/m/squareland/t/people.csv")
    lines = response.text.splitlines()
    assert lines[0] == "round,area,sex,age,unit,value,status,as_of_release"
    assert any(line.endswith(",,suppressed,1") for line in lines)
    assert "attachment" in response.headers["content-disposition"]


def test_every_answer_has_the_headers_and_no_script(site: str) -> None:
    for path in ("/", "/m/squareland", "/m/squareland/t/people", "/m/stranger", "/nowhere"):
        response = httpx.get(site + path)
        assert response.headers["content-security-policy"] == CSP
        assert "<script" not in response.text
        assert "style=" not in response.text
    assert httpx.get(f"{site}/m/none/t/people").status_code == 404
    assert httpx.get(f"{site}/m/squareland/releases/9.release").status_code == 404
    assert httpx.get(f"{site}/m/squareland/releases/1.release").status_code == 200
