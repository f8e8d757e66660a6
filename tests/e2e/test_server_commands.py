"""The commands of steward and server as a mission types them, from nothing to a CSV file."""

import csv
import json
from pathlib import Path
from typing import Any

import postgres
import pytest
from mission import PASSPHRASE, make_mission
from sealed_device import SealedDevice, publish_form
from typer.testing import CliRunner

from server.commands import audit, server, steward

FORMS = Path(__file__).resolve().parents[2] / "forms"
PASSWORD = "a long enough password"


class Console:
    """Runs commands in this process, with the environment a shell would give."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CAIRN_PASSPHRASE", PASSPHRASE)
        monkeypatch.setenv("CAIRN_PASSWORD", PASSWORD)
        self._runner = CliRunner()

    def run(self, app: Any, *words: str) -> Any:
        """Run a command that answers in JSON, and return the answer."""
        done = self._runner.invoke(app, [*words, "--json"], catch_exceptions=False)
        assert done.exit_code == 0, (words, done.output)
        return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Further words of `init`: nothing for SQLite, a database of its own for PostgreSQL."""
    if request.param == "sqlite":
        return ()
    cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    monkeypatch.setenv("CAIRN_POSTGRES_URL", cluster.new_database())
    return ("--postgres",)


def test_a_mission_is_founded_governed_and_staffed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: tuple[str, ...]
) -> None:
    """GOV-025, GOV-050: by files between station and server, on both databases."""
    console = Console(monkeypatch)
    station, home = str(tmp_path / "station"), str(tmp_path / "server")
    papers = {name: str(tmp_path / name) for name in ("req", "ring", "policy", "freq", "form")}
    made = console.run(steward.app, "init", station)
    console.run(server.app, "init", home, "--address", "https://127.0.0.1:8443", "--x25519", *where)
    asked = console.run(
        server.app, "project", "create", "--name", "Mission", "--controller", "IOM",
        "-o", papers["req"], "-H", home,
    )  # fmt: skip
    signed = console.run(steward.app, "ring", station, papers["req"], "-o", papers["ring"], "--yes")
    taken = console.run(server.app, "project", "import-ring", papers["ring"], "-H", home)
    assert taken["root_fingerprint"] == signed["root_fingerprint"] == made["root_fingerprint"]
    assert taken["words"] == signed["words"] != asked["words"]
    assert {key["role"] for key in console.run(server.app, "keys", "-H", home)} >= {
        "intake",
        "custodian",
    }
    console.run(
        server.app, "forms", "propose", str(FORMS / "event_tracking.xlsx"),
        "-o", papers["freq"], "-H", home,
    )  # fmt: skip
    console.run(steward.app, "approve-form", station, papers["freq"], "-o", papers["form"], "--yes")
    published = console.run(server.app, "forms", "publish", papers["form"], "-H", home)
    assert published[-1]["name"] == "event_tracking"
    for name, role in (("ana", "coordinator"), ("ann", "analyst"), ("aud", "auditor")):
        console.run(server.app, "users", "add", name, "--role", role, "-H", home)
    assert len(console.run(server.app, "users", "list", "-H", home)) == 3
    invited = console.run(
        server.app, "devices", "invite", "--label", "tablet 1", "--png", str(tmp_path / "qr.png"),
        "-H", home,
    )  # fmt: skip
    assert invited["code"].startswith("CAIRN1.")
    assert (tmp_path / "qr.png").read_bytes().startswith(b"\x89PNG")
    assert console.run(server.app, "devices", "list", "-H", home) == []
    status = console.run(server.app, "status", "-H", home)
    assert (status["ring"], status["received"], status["devices"]) == (1, 0, 0)
    assert console.run(audit.app, "verify", "-H", home)["holds"]
    assert console.run(audit.app, "checkpoint", "-H", home)["checkpoint"]
    shown = console.run(audit.app, "show", "--as", "aud", "-H", home)
    assert {"project.create", "device.invite", "user.add"} <= {row["action"] for row in shown}
    chain = tmp_path / "chain.jsonl"
    console.run(audit.app, "export", "-o", str(chain), "--as", "aud", "-H", home)
    assert console.run(audit.app, "verify", "--file", str(chain), "-H", home)["checkpoints"] == 1


def test_the_way_of_one_record_ends_in_a_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gate (a), from the server's side: what intake took in is exported, backed up, restored."""
    console = Console(monkeypatch)
    kit = make_mission(tmp_path)
    publish_form(kit)
    device = SealedDevice(kit, "tablet 1")
    filled = device.interview()
    kit.close()
    home = str(kit.mission.settings.home)
    for name, role in (("ana", "coordinator"), ("ann", "analyst"), ("cus", "custodian")):
        console.run(server.app, "users", "add", name, "--role", role, "-H", home)
    done = console.run(server.app, "work", home, "--once")
    assert done["counts"]["resolved"] == 1
    out = tmp_path / "csv"
    console.run(
        server.app, "export", "household", "-o", str(out), "--as", "ann",
        "--purpose", "statistics", "-H", home,
    )  # fmt: skip
    with (out / "household.csv").open(newline="") as file:
        assert [row["interview_size"] for row in csv.DictReader(file)] == ["4"]
    record = filled.record_id.hex()
    console.run(
        server.app, "assign", record, "--to", "tablet 1", "--as", "ana",
        "--purpose", "statistics", "-H", home,
    )  # fmt: skip
    asked, opened = str(tmp_path / "identity.req"), tmp_path / "names.json"
    console.run(
        server.app, "identity", record, "--as", "cus", "--purpose", "statistics",
        "--why", "tracing", "-o", asked, "-H", home,
    )  # fmt: skip
    console.run(
        steward.app, "open-identity", str(kit.station.home), asked, "-o", str(opened), "--yes"
    )
    assert json.loads(opened.read_text())["identity"]
    assert opened.stat().st_mode & 0o077 == 0
    console.run(server.app, "backup", str(tmp_path / "backup"), "-H", home)
    restored = console.run(server.app, "restore", str(tmp_path / "backup"), str(tmp_path / "new"))
    assert restored["incarnation"] == 1
    after = console.run(server.app, "status", "-H", str(tmp_path / "new"))
    assert (after["resolved"], after["incarnation"], after["analytic_rows"]) == (1, 1, 1)
