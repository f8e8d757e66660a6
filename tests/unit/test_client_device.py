"""Device services: each works without its hardware, and says what to do when it cannot."""

import json
import os
import socket
import struct
import threading
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_client.device.gpsd import GpsdReceiver, parse_report
from mobile_client.device.linux import (
    FileKeystore,
    FilePicker,
    HomeStorage,
    SysfsBattery,
    linux_services,
    position_from,
)
from mobile_client.device.nmea import NmeaReceiver, parse_sentence
from mobile_client.device.photo import strip_metadata
from mobile_client.device.position import parse_position
from mobile_client.device.services import DeviceFault, Fix, Wish

GGA_FAR = "$GPGGA,101010,1533.108,N,03231.944,E,1,05,4.0,380.1,M,0.0,M,,*6C"
GGA_NEAR = "$GPGGA,101011,1533.108,N,03231.944,E,1,08,0.9,380.1,M,0.0,M,,*68"
RMC_SOUTH_WEST = "$GPRMC,101010,A,1533.108,S,03231.944,W,0.0,0.0,010126,,,A*7F"


class Ticking:
    """A clock that a test moves on by reading it."""

    def __init__(self, step_s: float = 0.0) -> None:
        self.at_s = 0.0
        self.step_s = step_s

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC)

    def monotonic_s(self) -> float:
        self.at_s += self.step_s
        return self.at_s


def degrees(fix: Fix) -> tuple[float, float]:
    return fix.latitude, fix.longitude


def sentence(body: str) -> str:
    total = 0
    for character in body:
        total ^= ord(character)
    return f"${body}*{total:02X}"


def renewed(line: str) -> str:
    return sentence(line[1:].partition("*")[0])


@pytest.mark.parametrize(
    ("typed", "latitude", "longitude"),
    [
        ("15.5518 32.5324", 15.5518, 32.5324),
        ("15.5518, -32.5324", 15.5518, -32.5324),
        (" 15.5518° ; 32.5324° ", 15.5518, 32.5324),
        ("15°33'6.48\"N 32°31'56.64\"E", 15.5518, 32.5324),
        ("15°33.108'S, 32°31.944'W", -15.5518, -32.5324),
        (
            "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in "15.5518 32.5324"),
            15.5518,
            32.5324,
        ),
    ],
)
def test_a_position_is_read_as_people_write_it(
    typed: str, latitude: float, longitude: float
) -> None:
    fix = parse_position(typed)
    assert degrees(fix) == pytest.approx((latitude, longitude))


def test_a_typed_position_may_carry_altitude_and_accuracy() -> None:
    assert parse_position("15.5 32.5 380 12").text() == "15.5000000 32.5000000 380.0 12.0"


@pytest.mark.parametrize("typed", ["", "here", "95 10", "10 190", "15°75'N 32°E", "1e5 3"])
def test_what_is_no_position_is_refused(typed: str) -> None:
    with pytest.raises(DeviceFault):
        parse_position(typed)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_fix_reads_back_from_its_text(latitude: float, longitude: float) -> None:
    back = parse_position(Fix(latitude, longitude, 10.0, 5.0).text())
    assert back.latitude == pytest.approx(latitude, abs=1e-7)
    assert back.longitude == pytest.approx(longitude, abs=1e-7)


def test_nmea_sentences_carry_a_fix_only_with_a_right_checksum() -> None:
    fix = parse_sentence(renewed(GGA_NEAR))
    assert fix is not None
    assert degrees(fix) == pytest.approx((15.5518, 32.5324))
    assert fix.accuracy_m == pytest.approx(4.5)
    south_west = parse_sentence(renewed(RMC_SOUTH_WEST))
    assert south_west is not None
    assert degrees(south_west) == pytest.approx((-15.5518, -32.5324))
    assert parse_sentence(renewed(GGA_NEAR).replace("1533", "1633")) is None
    assert parse_sentence(sentence("GPGGA,1,1533.1,N,03231.9,E,0,0,,,M,,M,,")) is None
    assert parse_sentence(sentence("GPGGA,1,north,N,x,E,1,8,1,1,M,,M,,")) is None


def test_a_receiver_waits_for_a_fix_that_is_good_enough(tmp_path: Path) -> None:
    recorded = tmp_path / "nmea"
    recorded.write_text("noise\n" + renewed(GGA_FAR) + "\n" + renewed(GGA_NEAR) + "\n")
    receiver = NmeaReceiver(recorded, Ticking())
    assert receiver.fix(5.0, 10.0).accuracy_m == pytest.approx(4.5)
    assert receiver.fix(1.0, 10.0).accuracy_m == pytest.approx(4.5), "the best there was"


def test_a_receiver_that_is_absent_or_silent_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DeviceFault, match="plug it in"):
        NmeaReceiver(tmp_path / "ttyUSB9", Ticking()).fix(5.0, 1.0)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = os.open(pipe, os.O_RDWR)
    try:
        with pytest.raises(DeviceFault, match="open sky"):
            NmeaReceiver(pipe, Ticking(step_s=0.4)).fix(5.0, 1.0)
    finally:
        os.close(writer)


def test_gpsd_is_asked_over_its_own_protocol() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []
    reports: list[dict[str, object]] = [
        {"class": "VERSION", "release": "3.25"},
        {"class": "TPV", "mode": 1},
        {"class": "TPV", "mode": 3, "lat": 15.5518, "lon": 32.5324, "altMSL": 380.0, "eph": 30.0},
        {"class": "TPV", "mode": 3, "lat": 15.5519, "lon": 32.5325, "altMSL": 380.0, "eph": 4.0},
    ]

    def serve() -> None:
        with server, server.accept()[0] as connection:
            heard.append(connection.recv(100))
            for report in reports:
                connection.sendall(json.dumps(report).encode() + b"\n")

    thread = threading.Thread(target=serve)
    thread.start()
    fix = GpsdReceiver(Ticking(), port=server.getsockname()[1]).fix(5.0, 10.0)
    thread.join()
    assert heard[0].startswith(b"?WATCH=")
    assert (fix.latitude, fix.accuracy_m) == (15.5519, 4.0)


def test_no_gpsd_is_a_message_and_bad_reports_are_no_fix() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(DeviceFault, match="gpsd does not answer"):
        GpsdReceiver(Ticking(), port=port).fix(5.0, 1.0)
    for line in (b"", b"[]", b'{"class":"TPV","mode":3,"lat":"x","lon":1}', b"\xff"):
        assert parse_report(line) is None


def jpeg(orientation: int) -> bytes:
    tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    exif = b"Exif\0\0" + tiff + b"GPS:CANARY"
    return (
        b"\xff\xd8\xff\xe0\x00\x06JFIF"[:10]
        + b"\xff\xe1"
        + struct.pack(">H", len(exif) + 2)
        + exif
        + b"\xff\xfe\x00\x0bCANARYxyz"
        + b"\xff\xda\x00\x02PIXELS\xff\xd9"
    )


def test_a_photo_loses_its_metadata_and_keeps_its_orientation() -> None:
    upright, turned = strip_metadata(jpeg(1)), strip_metadata(jpeg(6))
    assert b"CANARY" not in upright + turned
    assert b"Exif" not in upright
    assert b"PIXELS" in upright
    assert strip_metadata(turned) == turned, "the orientation written is the one read"
    assert turned[2:4] == b"\xff\xe1"


def test_a_png_loses_its_texts() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return len(data).to_bytes(4, "big") + kind + data + checksum.to_bytes(4, "big")

    head = b"\x89PNG\r\n\x1a\n"
    picture = head + chunk(b"IHDR", b"13") + chunk(b"tEXt", b"CANARY") + chunk(b"IEND", b"")
    assert strip_metadata(picture) == head + chunk(b"IHDR", b"13") + chunk(b"IEND", b"")


@given(st.binary(max_size=200))
def test_no_bytes_make_the_stripper_fail(data: bytes) -> None:
    for head in (b"", b"\xff\xd8", b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n"):
        strip_metadata(head + data)


def test_the_battery_and_the_space_are_read_from_the_system(tmp_path: Path) -> None:
    assert SysfsBattery(tmp_path).percent() is None
    (tmp_path / "BAT0").mkdir()
    (tmp_path / "BAT0" / "capacity").write_text("17\n")
    assert SysfsBattery(tmp_path).percent() == 17
    assert HomeStorage(tmp_path).free_bytes() > 0


def test_the_file_keystore_keeps_one_private_secret(tmp_path: Path) -> None:
    keystore = linux_services(tmp_path, Ticking()).keystore
    assert keystore.secret() == keystore.secret()
    path = tmp_path / "device.secret"
    assert path.stat().st_mode & 0o077 == 0
    assert not keystore.hardware
    path.write_bytes(b"short")
    with pytest.raises(DeviceFault):
        FileKeystore(path).secret()


def test_a_picked_file_must_be_a_file_with_content(tmp_path: Path) -> None:
    picture = tmp_path / "a.jpg"
    picture.write_bytes(jpeg(1))
    taken = FilePicker().take(picture, Wish("image"))
    assert b"CANARY" not in b"".join(taken.blocks())
    assert taken.suffix == "jpg"
    (tmp_path / "empty").touch()
    for bad in (tmp_path / "none", tmp_path / "empty", tmp_path):
        for kind in ("image", "file"):
            with pytest.raises(DeviceFault):
                FilePicker().take(bad, Wish(kind))


def test_the_position_source_is_a_preference() -> None:
    assert position_from("typed", Ticking()) is None
    assert isinstance(position_from("gpsd", Ticking()), GpsdReceiver)
    assert isinstance(position_from("/dev/ttyUSB0", Ticking()), NmeaReceiver)
