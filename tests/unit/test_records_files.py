"""SEAL-064: how an answer names a file and its thumbnail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import EncodingInvalid
from shared.records.files import FileName, read_file_name, suffix_of

DIGEST = bytes(range(32))


def test_a_file_is_its_hash_suffix_and_thumbnail() -> None:
    name = FileName(DIGEST, "jpg", DIGEST[::-1])
    assert name.text() == f"{DIGEST.hex()}.jpg {DIGEST[::-1].hex()}"
    assert read_file_name(name.text()) == name
    assert FileName(DIGEST).text() == DIGEST.hex()


@given(
    st.binary(min_size=32, max_size=32),
    st.text("abcxyz0189", max_size=8),
    st.none() | st.binary(min_size=32, max_size=32),
)
def test_every_name_reads_back(digest: bytes, suffix: str, thumbnail: bytes | None) -> None:
    name = FileName(digest, suffix, thumbnail)
    assert read_file_name(name.text()) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "house.jpg",
        DIGEST.hex()[:-1],
        DIGEST.hex().upper(),
        f"{DIGEST.hex()}.",
        f"{DIGEST.hex()}.JPG",
        f"{DIGEST.hex()}.verylongs",
        f"{DIGEST.hex()}.jpg  {DIGEST.hex()}",
        f"{DIGEST.hex()}.jpg {DIGEST.hex()} {DIGEST.hex()}",
        f"{DIGEST.hex()}.jpg\n",
        f"../{DIGEST.hex()}",
    ],
)
def test_anything_else_names_no_file(text: str) -> None:
    with pytest.raises(EncodingInvalid):
        read_file_name(text)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("house of Zubaida.JPG", "jpg"),
        ("x.tar.gz", "gz"),
        ("no suffix", ""),
        ("name.of person", ""),
        ("x.abcdefghi", ""),
        ("x.\u0434\u043e\u043a", ""),
        ("x.", ""),
    ],
)
def test_only_a_plain_suffix_is_kept_of_a_files_name(name: str, suffix: str) -> None:
    assert suffix_of(name) == suffix
