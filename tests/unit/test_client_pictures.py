"""FRM-038: pictures on their way into the vault, in every format cameras write."""

import zlib
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import pytest
from camera import CANARY, camera_file, camera_jpeg, exif, noise
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mobile_client.device import pictures
from mobile_client.device.linux import FilePicker
from mobile_client.device.photo import strip_metadata
from mobile_client.device.pictures import THUMBNAIL_PIXELS, prepare_picture
from mobile_client.device.services import DeviceFault, Wish

IMAGE = Wish("image")


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def clean(data: bytes) -> bool:
    found = opened(data).getexif()
    return CANARY not in data and not (set(found) - {0x0112}) and not found.get_ifd(0x8825)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF"])
def test_no_format_carries_place_or_serial_number(kind: str) -> None:
    data = camera_jpeg(300, 200) if kind == "JPEG" else camera_file(300, 200, kind)
    made = prepare_picture(data, "x", IMAGE)
    assert clean(made.data)
    assert clean(made.thumbnail)
    assert opened(made.data).size == (300, 200)
    assert made.suffix == {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}.get(kind, "png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_stripping_changes_no_pixel(kind: str) -> None:
    data = camera_jpeg(64, 48) if kind == "JPEG" else camera_file(64, 48, kind)
    assert opened(strip_metadata(data)).tobytes() == opened(data).tobytes()


def test_what_stands_behind_a_jpeg_goes_and_a_progressive_one_stays_whole() -> None:
    out = BytesIO()
    noise(80, 60).save(out, "JPEG", progressive=True, exif=exif())
    data = out.getvalue()
    stripped = strip_metadata(data + b"\xff\xd8 a preview " + CANARY)
    assert CANARY not in stripped
    assert stripped.endswith(b"\xff\xd9")
    assert opened(stripped).tobytes() == opened(data).tobytes()


def test_metadata_between_the_scans_goes() -> None:
    out = BytesIO()
    noise(80, 60).save(out, "JPEG", progressive=True)
    data = out.getvalue()
    second = data.index(b"\xff\xc4", data.index(b"\xff\xda"))
    comment = b"\xff\xfe" + (len(CANARY) + 2).to_bytes(2, "big") + CANARY
    stripped = strip_metadata(data[:second] + comment + data[second:])
    assert CANARY not in stripped
    assert opened(stripped).tobytes() == opened(data).tobytes()


@given(st.binary(max_size=300), st.integers(0, 5000))
def test_no_bytes_make_the_stripper_fail(data: bytes, at: int) -> None:
    whole = _photo()
    for damaged in (whole[:at] + data, b"RIFF\0\0\0\0WEBP" + data, b"\xff\xd8\xff\xda" + data):
        strip_metadata(damaged)


@lru_cache(maxsize=1)
def _photo() -> bytes:
    return camera_jpeg(40, 30)


def test_the_form_may_ask_for_what_the_camera_wrote() -> None:
    """Only with `cairn:metadata` = keep; also when it is made smaller."""
    data = camera_jpeg(300, 200)
    kept = prepare_picture(data, "jpg", Wish("image", keeps_metadata=True))
    assert kept.data == data
    smaller = prepare_picture(data, "jpg", Wish("image", 100, keeps_metadata=True))
    assert opened(smaller.data).getexif()[0x010F] == CANARY.decode()
    assert clean(smaller.thumbnail), "a thumbnail never carries any"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_made_as_small_as_the_form_wants(kind: str) -> None:
    """orx:max-pixels is the longer side."""
    data = camera_jpeg(400, 200) if kind == "JPEG" else camera_file(400, 200, kind)
    made = prepare_picture(data, "x", Wish("image", 100))
    assert opened(made.data).size == (100, 50)
    assert opened(made.data).format == kind
    assert clean(made.data)
    as_it_is = prepare_picture(data, "x", Wish("image", 4000))
    assert opened(as_it_is.data).size == (400, 200)


def test_a_sideways_photo_comes_out_upright() -> None:
    data = camera_jpeg(300, 200, orientation=6)
    assert opened(prepare_picture(data, "jpg", Wish("image", 100)).data).size == (67, 100)
    thumbnail = opened(prepare_picture(camera_jpeg(800, 400, orientation=8), "j", IMAGE).thumbnail)
    assert thumbnail.size == (THUMBNAIL_PIXELS // 2, THUMBNAIL_PIXELS)


def test_what_is_no_picture_is_refused_with_what_to_do() -> None:
    for data in (b"MZ a program", b"%PDF-1.4", b"\0" * 100):
        with pytest.raises(DeviceFault, match="JPEG or PNG"):
            prepare_picture(data, "jpg", IMAGE)
    with pytest.raises(DeviceFault, match=r"damaged|cannot be read"):
        prepare_picture(camera_jpeg(300, 200)[:3000], "jpg", Wish("image", 100))


def test_too_many_pixels_are_refused_before_they_are_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pictures, "PIXELS_MAX", 1000)
    with pytest.raises(DeviceFault, match="million pixels"):
        prepare_picture(camera_jpeg(40, 30), "jpg", IMAGE)
    monkeypatch.undo()
    bomb = bytearray(camera_file(8, 8, "PNG"))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    with pytest.raises(DeviceFault):
        prepare_picture(bytes(bomb), "png", IMAGE)


def test_a_too_large_picture_is_refused_and_other_files_are_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mobile_client.device.linux.PICTURE_BYTES_MAX", 1000)
    path = tmp_path / "large.MP4"
    path.write_bytes(bytes(600_000))
    with pytest.raises(DeviceFault, match="64 MiB"):
        FilePicker().take(path, IMAGE)
    taken = FilePicker().take(path, Wish("video"))
    assert [len(block) for block in taken.blocks()] == [262_144, 262_144, 75_712]
    assert (taken.suffix, taken.thumbnail) == ("mp4", b"")
