"""STN-050..053: the station's page in real Chromium, with no internet and no script."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from browser import chromium, served, shooter, strict_page
from playwright.sync_api import Browser, Page
from station_kit import DAY, StationKit, Tablet, make_station

from server.station.app import create_app
from server.station.words import LANGUAGES
from shared.canonical import encode
from shared.sealing.envelope import Kind
from shared.sealing.keys import SecretKey, Suite
from sync.core.attest import Revoked
from sync.core.have import LogName, Point

pytestmark = pytest.mark.browser
TOKEN = "5e" * 16
shoot = shooter("station")
PLACES = ("QQQ0101001", "QQQ0101002", "QQQ0101003", "QQQ0102001")


def work(kit: StationKit) -> None:
    """Let three tablets work for three days in two rounds, with every kind of trouble."""
    north, south, lost = (Tablet(kit.project, name) for name in ("north", "south", "lost"))
    minutes = (28, 31, 26, 33, 30, 29, 35, 27, 32, 30, 34, 3, 140)
    for number, length in enumerate(minutes):
        place = PLACES[number % 3]
        flags = (("night",), ("far", "no_gps"), (), ("check:rooms",), ())[number % 5]
        day = DAY - 2 + number % 3
        north.visit(place, duration_s=length * 60, flags=flags, day=day)
        south.visit(place, duration_s=(length + 4) * 60, day=day, collector=b"\xb2" * 8)
    for outcome in ("refused", "absent", "absent", "inaccessible", "abandoned"):
        south.visit(PLACES[1], outcome)
    north.visit("UNLISTED-7", round_id="2", day=DAY)
    north.visit(PLACES[0], flags=("edited",))
    gone = north.visit(PLACES[0])
    lost.visit(PLACES[2])
    for tablet in (north, south, lost):
        kit.hand_over(tablet)
    header = gone.entry.header
    place_of_gone = [header.author, header.incarnation, header.sequence, gone.hash]
    kit.project.broadcast(Kind.ERASURE, encode([1, [place_of_gone]]))
    kit.project.attest(Revoked(LogName(lost.author, 0), Point(0, bytes(32)), "stolen"))  # type: ignore[arg-type]
    kit.forward()
    aims = zip(PLACES, (8, 9, 20, 12), ("Vozebam", "Bamonor", "كيميتان", "Dulera"), strict=True)
    rows = [f"{code},{target},{name},," for code, target, name in aims]
    kit.home.set_targets("\n".join(["location,target,name,round,form", *rows]).encode())
    names = [
        f"{north.author.hex()[:8]},Tablet 1,North,",
        f"{south.author.hex()[:8]},Tablet 2,South,",
    ]
    names.append(f"{south.author.hex()[:8]},Bashir,,b2b2")
    kit.home.set_names("\n".join(["device,name,team,enumerator", *names]).encode())


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StationKit]:
    made = make_station(tmp_path_factory.mktemp("station"))
    work(made)
    yield made
    made.close()


@pytest.fixture(scope="module")
def site(kit: StationKit) -> Iterator[str]:
    with served(create_app(kit.watch, TOKEN)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    with strict_page(browser, site) as opened:
        opened.goto(f"{site}/?key={TOKEN}")
        yield opened


def cells(page: Page, row: str) -> list[str]:
    return [text.strip() for text in page.locator(row).locator("td").all_inner_texts()]


def test_the_page_says_what_the_picture_says(page: Page, kit: StationKit) -> None:
    """STN-052."""
    picture = kit.look()
    assert page.inner_text("h1") == "Test project"
    assert page.inner_text(".figures .complete strong") == str(picture.total.complete)
    assert picture.goal is not None
    assert page.inner_text(".figures .left strong") == str(picture.goal.left)
    assert "of 49" in page.inner_text(".figures .left")
    assert page.inner_text(".figures .response strong") == f"{picture.total.response_rate:.0%}"
    assert page.inner_text(".figures .withdrawn strong") == "1"
    assert page.inner_text(".figures .corrections strong") == "1"
    done = page.locator("#places tbody tr")
    assert [done.nth(n).get_attribute("class") for n in range(5)] == [
        "complete", "under_way", "under_way", "not_begun", "no_target"]  # fmt: skip
    first = cells(page, "#places tbody tr >> nth=1")
    place = picture.places[1]
    assert first[2:5] == [str(place.counts.complete), "9", str(place.left)]
    north = page.locator("#devices tbody tr", has_text="Tablet 1")
    assert "revoked" in page.inner_text("#devices")
    assert north.locator("td").nth(0).inner_text() == "North"
    assert "Bashir" in page.inner_text("#enumerators")
    quality = page.inner_text("#quality")
    assert "own check: rooms" in quality
    assert "More than 5 km from the location" in quality
    assert page.locator("#days tbody tr").count() == 3
    shoot(page, "en")


def test_one_round_can_be_chosen(page: Page) -> None:
    page.click(".rounds >> text=2")
    assert page.inner_text(".rounds [aria-current]") == "2"
    assert page.inner_text(".figures .visits strong") == "1"
    page.click(".choice >> text=Français")
    assert page.inner_text(".rounds [aria-current]") == "2", "the language keeps the choice"
    shoot(page, "round")


def test_stn_051_arabic_mirrors_the_page(page: Page, site: str) -> None:
    """STN-051."""
    page.goto(f"{site}/?lang=ar")
    assert page.get_attribute("html", "dir") == "rtl"
    assert page.inner_text("#places h2") == "الاكتمال"
    first = page.locator("#places thead th").first.bounding_box()
    last = page.locator("#places thead th").last.bounding_box()
    assert first is not None
    assert last is not None
    assert first["x"] > last["x"]
    shoot(page, "ar")


@pytest.mark.parametrize("language", LANGUAGES)
def test_stn_051_no_word_is_missing_and_no_script_is_there(
    page: Page, site: str, language: str
) -> None:
    page.goto(f"{site}/?lang={language}")
    assert page.get_attribute("html", "lang") == language
    content = page.content()
    assert "<script" not in content
    assert "style=" not in content
    assert "{" not in page.inner_text("body")
    assert page.locator("meta[http-equiv=refresh]").get_attribute("content") == "30"


@pytest.mark.parametrize("width", [360, 768])
def test_small_screens_do_not_scroll_sideways(page: Page, site: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(site)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shoot(page, f"phone_{width}")


def test_stn_051_it_follows_the_hub(page: Page, site: str, kit: StationKit) -> None:
    """STN-051."""
    before = int(page.inner_text(".figures .visits strong"))
    tablet = Tablet(kit.project, "late one")
    tablet.visit(PLACES[3], "absent")
    kit.hand_over(tablet)
    page.goto(site)
    assert int(page.inner_text(".figures .visits strong")) == before + 1


# --- who may see it


def test_stn_050_without_the_token_there_is_nothing(site: str) -> None:
    """STN-050."""
    for address in (site, f"{site}/?key=", f"{site}/?key={'0' * 32}"):
        response = httpx.get(address)
        assert response.status_code == 403
        assert "cairn station run" in response.text
        assert "Vozebam" not in response.text
    cookie = {"cairn_station_5e5e5e5e": "0" * 32}
    assert httpx.get(site, cookies=cookie).status_code == 403
    response = httpx.get(f"{site}/?key={TOKEN}")
    assert response.status_code == 303
    cookie_line = response.headers["set-cookie"].lower()
    assert "httponly" in cookie_line
    assert "samesite=strict" in cookie_line
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "host", ["station.example", "192.0.2.7:8446", "127.0.0.1.evil.example", ""]
)
def test_stn_050_a_name_bent_to_this_machine_gets_nothing(site: str, host: str) -> None:
    """STN-050."""
    response = httpx.get(f"{site}/?key={TOKEN}", headers={"Host": host})
    assert response.status_code == 404


# --- nothing yet


def test_stn_053_empty_states_say_what_to_do(browser: Browser, tmp_path: Path) -> None:
    """STN-053."""
    kit = make_station(tmp_path)
    kit.begin(SecretKey.generate(Suite.X25519))
    with served(create_app(kit.watch, TOKEN)) as site, strict_page(browser, site) as page:
        page.goto(f"{site}/?key={TOKEN}")
        text = page.inner_text("main")
        assert "The key ring names another coordinator" in text
        assert "No progress has come yet" in text
        assert "cairn station targets" in text
        shoot(page, "empty")
        kit.hubs[0].close()
        for file in kit.hubs[0].home.glob("log.db*"):
            file.unlink()
        kit.hubs.clear()
        kit.begin(kit.project.coordinator)
    with served(create_app(kit.watch, TOKEN)) as site, strict_page(browser, site) as page:
        page.goto(f"{site}/?key={TOKEN}&lang=en")
        text = page.inner_text("main")
        assert "No key ring has reached the hub yet" in text
        assert "cannot be read now" in text
