"""GOV-094, GOV-095, INTK-086: files of a record by the commands of steward and custodian."""

import json
from pathlib import Path
from typing import Any

from filing_device import JPEG, FilingDevice
from intake_kit import counts
from mission import PASSPHRASE, make_mission
from sealed_device import WITH_FILES, publish_form
from typer.testing import CliRunner

from server.commands import steward
from server.commands.server import app
from server.db import writing
from server.intake.pipeline import Intake
from server.tables.people import User
from shared.errors import UsageError


def told(command: Any, *arguments: str) -> Any:
    """Run a command here and return its answer."""
    environment = {"CAIRN_PASSPHRASE": PASSPHRASE}
    result = CliRunner().invoke(command, [*arguments, "--json"], env=environment)
    if result.exception is not None:
        raise result.exception
    return json.loads(result.stdout.splitlines()[-1])


def test_files_are_listed_written_out_and_opened_at_the_station(tmp_path: Path) -> None:
    kit = make_mission(tmp_path)
    publish_form(kit, WITH_FILES)
    with writing(kit.mission.stores.records) as session:
        for name in ("steward", "custodian"):
            session.add(User(name=name, password_hash="-", roles=name, created_at=kit.clock.now()))
    device = FilingDevice(kit, "tablet 1")
    house, voice = device.file(JPEG), device.file(b"RIFF\0\0\0\0WAVE", "wav", direct=True)
    made = device.photographed(house, voice)
    intake = Intake(kit.mission)
    intake.drain()
    intake.close()
    home, record = str(kit.mission.settings.home), made.record_id.hex()
    found = told(app, "status", "--home", home)["attachments"]
    assert found == counts(kit)["attachments"]
    assert (found["received"], found["kept"]) == (2, 2)
    common = (record, "--purpose", "statistics", "--home", home)
    rows = told(app, "records", "attachments", *common, "--as", "steward")
    assert sorted((row["kind"], row["state"]) for row in rows) == [
        ("direct", "kept"),
        ("open", "kept"),
    ]
    out = tmp_path / "out"
    why = ("--why", "case 17", "--as", "steward", "-o", str(out))
    (one,) = told(app, "records", "attachments", *common, *why)
    assert (out / one["name"]).read_bytes() == JPEG
    request, sealed = tmp_path / "identity.request", tmp_path / "sealed"
    asked = ("--why", "case 17", "--as", "custodian", "-o", str(request), "--files", str(sealed))
    assert told(app, "identity", *common, *asked)["files"] == 1
    opened = tmp_path / "opened"
    station = (str(kit.station.home), str(request), "--yes", "-o", str(tmp_path / "names.json"))
    folders = ("--files", str(sealed), "--files-out", str(opened))
    told(steward.app, "open-identity", *station, *folders)
    (file,) = opened.iterdir()
    assert (file.name, file.read_bytes()) == ("1-voice.wav", b"RIFF\0\0\0\0WAVE")
    result = CliRunner().invoke(steward.app, ["open-identity", *station, "--files", str(sealed)])
    assert isinstance(result.exception, UsageError)
    kit.close()
