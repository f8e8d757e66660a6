"""`cairn release`: tabulate, check, approve, publish. Numbers leave a mission only through here."""

from pathlib import Path
from typing import Annotated

import typer

from server.aggregates.csv_format import release_csv
from server.aggregates.products import read_products
from server.aggregates.release import LABEL
from server.aggregates.source import Source
from server.aggregates.thresholds import read_thresholds
from server.aggregates.workbench import Workbench
from server.commands.acting import AsUser, acting_user
from server.commands.console import (
    CairnTyper,
    HomeOption,
    JsonOption,
    KeyFile,
    PassphraseFd,
    SystemClock,
    answer,
    answer_rows,
    read_passphrase,
)
from server.db import reading
from server.deident.geography_files import read_geography
from server.deident.store import AnalyticsStore
from server.governance.actions import Action
from server.governance.decide import Resource
from server.mission import Mission
from server.queries import project
from shared.errors import KeyNotTrusted, UsageError

app = CairnTyper(no_args_is_help=True, help=__doc__)

Audience = Annotated[str, typer.Option(help="public, partner or mission.")]
ThresholdsFile = Annotated[
    Path | None, typer.Option("--thresholds", help="Thresholds of this project (TOML).")
]


def _bench(mission: Mission, thresholds: Path | None) -> Workbench:
    """Open the mission's releases; its own thresholds where HOME has a thresholds.toml."""
    own = mission.settings.home / "thresholds.toml"
    path = thresholds or (own if own.exists() else None)
    return Workbench(mission.settings.releases_folder, read_thresholds(path))


def _open(home: Path) -> Mission:
    return Mission.open(home, SystemClock())


@app.command()
def tabulate(
    home: HomeOption,
    acting: AsUser,
    products: Annotated[Path, typer.Option(help="The declared products (products.json).")],
    areas: Annotated[Path, typer.Option(help="Folder with the areas' files (GeoJSON, CSV).")],
    audience: Audience = "public",
    only: Annotated[str, typer.Option(help="Ids of products, with commas; all when empty.")] = "",
    thresholds: ThresholdsFile = None,
    as_json: JsonOption = False,
) -> None:
    """Tabulate the analytic store, protect and attack the tables; keep the result as a draft."""
    mission = _open(home)
    declared = read_products(products.read_bytes())
    wanted = [name for name in only.split(",") if name]
    if unknown := set(wanted) - {product.id for product in declared}:
        raise UsageError(f"there is no product {sorted(unknown)[0]!r} in {products}")
    chosen = [product for product in declared if not wanted or product.id in wanted]
    files = {path.name: path.read_bytes() for path in sorted(areas.iterdir()) if path.is_file()}
    store = AnalyticsStore(mission.settings.store_url("analytics"), readonly=True)
    source = Source(store)
    with_records = [product for product in chosen if source.has(product.form)]
    actor = acting_user(mission, acting)
    mission.permit(actor, Action.RELEASE_MAKE, Resource("release", audience))
    draft = _bench(mission, thresholds).tabulate(
        source, with_records, read_geography(files), mission.project().label, audience
    )
    report = draft.content["report"]
    answer(
        {"audience": audience, "number": draft.number, "hash": draft.digest, **report},
        as_json=as_json,
    )


@app.command()
def check(
    home: HomeOption,
    audience: Audience = "public",
    thresholds: ThresholdsFile = None,
    as_json: JsonOption = False,
) -> None:
    """Attack the draft once more from its published numbers alone."""
    answer(_bench(_open(home), thresholds).check(audience), as_json=as_json)


@app.command()
def approve(
    home: HomeOption,
    by: Annotated[str, typer.Option("--as", "--by", help="The user who approves.")],
    audience: Audience = "public",
    thresholds: ThresholdsFile = None,
    as_json: JsonOption = False,
) -> None:
    """Approve the checked draft; policy says how many people must."""
    mission = _open(home)
    actor = acting_user(mission, by)
    mission.permit(actor, Action.RELEASE_APPROVE, Resource("release", audience))
    names = _bench(mission, thresholds).approve(audience, by)
    answer({"audience": audience, "approved_by": list(names)}, as_json=as_json)


@app.command()
def publish(
    home: HomeOption,
    acting: AsUser,
    audience: Audience = "public",
    thresholds: ThresholdsFile = None,
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Sign the approved draft and put it where HQ sites pull it."""
    mission = _open(home)
    actor = acting_user(mission, acting)
    mission.permit(actor, Action.RELEASE_PUBLISH, Resource("release", audience))
    keys = mission.unlock(read_passphrase("Server passphrase", passphrase_fd, key_file))
    with reading(mission.stores.inbox) as session:
        signed = project.newest_ring(session)
    if signed is None:
        raise KeyNotTrusted("the project has no key ring yet; import one before publishing")
    ring = mission.ring()

    def sign(data: bytes) -> bytes:
        return keys.release.sign(LABEL, data)

    bench = _bench(mission, thresholds)
    release = bench.publish(audience, ring.deployment, mission.now_ms(), sign, signed)
    text = f"release {release.number} for {audience} is published, {release.hash.hex()}"
    content = {"audience": audience, "number": release.number, "hash": release.hash.hex()}
    answer(content, as_json=as_json, text=text)


@app.command()
def make(
    home: HomeOption,
    products: Annotated[Path, typer.Option(help="The declared products (products.json).")],
    areas: Annotated[Path, typer.Option(help="Folder with the areas' files (GeoJSON, CSV).")],
    approve_as: Annotated[list[str], typer.Option(help="Who approves; repeat for each person.")],
    audience: Audience = "public",
    only: Annotated[str, typer.Option(help="Ids of products, with commas; all when empty.")] = "",
    thresholds: ThresholdsFile = None,
    passphrase_fd: PassphraseFd = None,
    key_file: KeyFile = None,
    as_json: JsonOption = False,
) -> None:
    """Tabulate, check, approve and publish in one go: for scripts; each step stays on record."""
    first = approve_as[0]
    tabulate(home, first, products, areas, audience, only, thresholds, as_json=as_json)
    check(home, audience, thresholds, as_json=as_json)
    for person in approve_as:
        approve(home, person, audience, thresholds, as_json=as_json)
    publish(home, first, audience, thresholds, passphrase_fd, key_file, as_json=as_json)


@app.command("list")
def list_(home: HomeOption, as_json: JsonOption = False) -> None:
    """List what was published, checked against the key ring."""
    mission = _open(home)
    bench, ring = _bench(mission, None), mission.ring()
    rows = [
        {
            "audience": release.audience,
            "number": release.number,
            "issued_ms": release.issued_ms,
            "tables": len(release.document()["tables"]),
            "hash": release.hash.hex(),
        }
        for audience in ("public", "partner", "mission")
        for release in bench.published(audience, ring)
    ]
    answer_rows(rows, as_json=as_json, empty="nothing was published yet")


@app.command()
def show(
    home: HomeOption,
    number: Annotated[int, typer.Argument(help="Number of the release.")],
    audience: Audience = "public",
    csv: Annotated[Path | None, typer.Option(help="Also write its tables here as CSV.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show one release: its report, and its tables as JSON or CSV."""
    mission = _open(home)
    found = [
        release
        for release in _bench(mission, None).published(audience, mission.ring())
        if release.number == number
    ]
    if not found:
        raise UsageError(f"there is no release {number} for {audience}")
    document = found[0].document()
    if csv is not None:
        csv.mkdir(parents=True, exist_ok=True)
        for name, text in release_csv(document).items():
            (csv / name).write_text(text, "utf-8", newline="")
    answer(document if as_json else document["report"], as_json=as_json)
