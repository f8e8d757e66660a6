"""Equality tags: SEAL-050, SEAL-051; the server that holds them all learns no value."""

import hmac
import random

import pytest
from sealing_kit import NOW_MS, seeded
from survey_kit import halves, survey

from shared.canonical import encode
from shared.errors import EncodingInvalid
from shared.ids import RecordId
from shared.records.codec import body_cbor
from shared.records.revision import DELETED, Value
from shared.sealing.tags import TAG_KEY_BYTES, equality_tag, new_tag_key

KEY = new_tag_key(seeded(1))
RECORD = RecordId(b"r" * 16)


def tag(value: Value, address: str = "/data/name") -> bytes:
    return equality_tag(KEY, RECORD, address, value)


def test_a_tag_is_the_hmac_the_rule_says() -> None:
    data = b"cairn/v1/tag\0" + encode([RECORD, "/data/name", "Amina Diallo"])
    assert tag(" Amina\u00a0  Diallo\n") == hmac.digest(KEY, data, "sha256")[:8]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ame\u0301lie", "Am\u00e9lie"),
        (" a  b ", "a b"),
        (2, 2.0),
        (("a", "b"), ("a", "b")),
    ],
)
def test_equal_answers_have_equal_tags(one: Value, other: Value) -> None:
    assert tag(one) == tag(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("a", "A"), ("1", 1), (1, True), (("a", "b"), ("b", "a")), ("", None), ("a b", ("a", "b"))],
)
def test_different_answers_have_different_tags(one: Value, other: Value) -> None:
    assert tag(one) != tag(other)


def test_tags_of_two_records_or_addresses_never_match() -> None:
    tags = {
        equality_tag(key, record, address, "0712345678")
        for key in (KEY, new_tag_key(seeded(2)))
        for record in (RECORD, RecordId(b"q" * 16))
        for address in ("/data/phone", "/data/phone_2")
    }
    assert len(tags) == 8


def test_wrong_keys_and_deletions_are_refused() -> None:
    with pytest.raises(EncodingInvalid, match="tag key"):
        equality_tag(KEY + b"x", RECORD, "/data/name", "a")
    with pytest.raises(EncodingInvalid, match="deletion"):
        equality_tag(KEY, RECORD, "/data/name", DELETED)


def guess_all(guesses: int, records: int) -> tuple[int, int]:
    """Return how many phones a server recovers with all bodies and tags, and with the keys too.

    It tries what it could: an empty key, keys made of all it holds (record id, body, other tags),
    plain hashes. The second count shows that the attack works once it has the tag key.
    """
    codebook, rng = survey(), random.Random(11)
    blind = informed = 0
    for _ in range(records):
        body, identity = halves(rng, codebook, NOW_MS)
        phone = identity.patch["/data/phone"]
        seen = body.tags["/data/phone"]
        plain = body_cbor(body, codebook)
        assert identity.tag_key not in plain
        assert isinstance(phone, str)
        assert phone.encode() not in plain
        held = [bytes(TAG_KEY_BYTES), body.record_id, plain[:TAG_KEY_BYTES]]
        held += [(t + t)[:TAG_KEY_BYTES] for t in body.tags.values()]
        start = max(0, int(phone) - 700_000_000 - guesses // 2)
        candidates = [f"07{n:08d}" for n in range(start, start + guesses)]
        assert phone in candidates
        for key in held:
            # The label and encoding are written out: HMAC alone is what an attacker would run.
            frame = b"cairn/v1/tag\0"
            parts = encode([body.record_id, "/data/phone", "0700000000"])[:-10]
            for candidate in candidates:
                data = frame + parts + candidate.encode()
                blind += hmac.digest(key, data, "sha256")[:8] == seen
        informed += equality_tag(identity.tag_key, body.record_id, "/data/phone", phone) == seen
    return blind, informed


def test_a_dictionary_of_phone_numbers_recovers_nothing() -> None:
    """SEAL-050: with the intake key, all bodies and all tags."""
    assert guess_all(10_000, 2) == (0, 2)


@pytest.mark.soak
def test_a_dictionary_of_a_million_phone_numbers_recovers_nothing() -> None:
    """SEAL-050 at the size the design names."""
    assert guess_all(1_000_000, 1) == (0, 1)
