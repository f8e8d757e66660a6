"""The canary scan finds a mark in every form it promises, and across block borders."""

import base64
from pathlib import Path

import pytest

from server.demo import canaries
from server.demo.canaries import CHUNK_BYTES, NAME_MARK, PHONE_MARK, count_hits


@pytest.mark.parametrize(
    "content",
    [
        f"name: {NAME_MARK}ha".encode(),
        f"+{PHONE_MARK}0001".encode(),
        NAME_MARK.upper().encode(),
        f"x{NAME_MARK}".encode("utf-16-le"),
        f"x{NAME_MARK}".encode("utf-16-be"),
        f"{NAME_MARK}".encode().hex().encode(),
        base64.b64encode(f"{NAME_MARK}osi Arda".encode()),
        base64.b64encode(f"a{NAME_MARK}osi Arda".encode()),
        base64.b64encode(f"ab{NAME_MARK}osi Arda".encode()),
        b"\0" * (CHUNK_BYTES - 2) + NAME_MARK.encode() + b"\0" * 10,
    ],
)
def test_each_form_is_found_once(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "f").write_bytes(content)
    assert count_hits([tmp_path]) == 1


def test_ordinary_data_holds_none(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(bytes(range(256)) * 50 + b"Qza 9990 7315")
    assert count_hits([tmp_path / "f"]) == 0


def test_a_scan_of_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        count_hits([tmp_path / "absent"])


def test_marks_are_unlike_each_other() -> None:
    assert canaries.NAME_MARK != canaries.PHONE_MARK
