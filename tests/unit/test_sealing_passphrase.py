"""Files under a passphrase, their strength, and wraps at rest: SEAL-087, SEAL-088."""

import pytest
from sealing_kit import secret, seeded

from shared.canonical import decode, encode
from shared.errors import CairnError, EncodingInvalid, LimitExceeded, PassphraseWrong, TagMismatch
from shared.sealing.passphrase import (
    KEY_FILE_COST,
    TEST_COST,
    VAULT_COST,
    Cost,
    check_cost,
    derive_key,
    open_file,
    seal_file,
)
from shared.sealing.strength import strength_bits
from shared.sealing.wrap import unwrap, wrap

PASSPHRASE = "maize goat river tent bridge lorry"


def sealed(hardware_secret: bytes = b"", seed: int = 1) -> bytes:
    return seal_file(
        PASSPHRASE,
        b"vault key",
        "vault",
        cost=TEST_COST,
        random_bytes=seeded(seed),
        hardware_secret=hardware_secret,
    )


def test_argon2id_known_answer() -> None:
    """RFC 9106 gives an answer with secret and data only; this one is from the reference tool.

    Source: `echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32`, argon2 test.c.
    """
    key = derive_key("password", b"somesalt", Cost(memory_kib=65536, iterations=2, lanes=1))
    assert key.hex() == "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"


def test_the_right_passphrase_opens_however_the_keyboard_composes() -> None:
    data = seal_file("pâté café", b"x", "vault", cost=TEST_COST, random_bytes=seeded(1))
    assert open_file("pa\u0302te\u0301 cafe\u0301", data, "vault") == b"x"
    assert open_file(PASSPHRASE, sealed(), "vault") == b"vault key"


def changed(position: int, value: object) -> bytes:
    items = decode(sealed())
    items[position] = value
    return encode(items)


def test_a_wrong_passphrase_and_a_changed_file_look_the_same() -> None:
    data = sealed()
    items = decode(data)
    attempts = [
        ("wrong", data, "vault", b""),
        ("", data, "vault", b""),
        (PASSPHRASE, data, "key file", b""),
        (PASSPHRASE, data, "vault", b"other machine"),
        (PASSPHRASE, changed(4, bytes(16)), "vault", b""),
        (PASSPHRASE, changed(5, bytes(12)), "vault", b""),
        (PASSPHRASE, changed(6, items[6][:-1]), "vault", b""),
        (PASSPHRASE, changed(6, b""), "vault", b""),
        (PASSPHRASE, changed(2, 2), "vault", b""),
    ]
    seen = set()
    for passphrase, file, purpose, hardware in attempts:
        with pytest.raises(PassphraseWrong) as caught:
            open_file(passphrase, file, purpose, hardware_secret=hardware)
        seen.add((type(caught.value), caught.value.message))
    assert len(seen) == 1


def test_a_hardware_secret_is_needed_again() -> None:
    data = sealed(b"in the chip")
    assert open_file(PASSPHRASE, data, "vault", hardware_secret=b"in the chip") == b"vault key"
    with pytest.raises(PassphraseWrong):
        open_file(PASSPHRASE, data, "vault")


def test_nothing_of_the_plaintext_shows_and_nothing_repeats() -> None:
    assert b"vault key" not in sealed()
    assert sealed(seed=1) != sealed(seed=2)


@pytest.mark.parametrize(
    "cost",
    [
        Cost(1 << 21, 1, 1),
        Cost(7, 1, 1),
        Cost(15, 1, 2),
        Cost(64, 0, 1),
        Cost(64, 65, 1),
        Cost(64, 1, 0),
        Cost(1024, 1, 17),
    ],
)
def test_a_hostile_cost_is_refused_before_any_work(cost: Cost) -> None:
    with pytest.raises(LimitExceeded):
        check_cost(cost)
    items = decode(sealed())
    items[1:4] = [cost.memory_kib, cost.iterations, cost.lanes]
    with pytest.raises(LimitExceeded):
        open_file(PASSPHRASE, encode(items), "vault")


def test_our_costs_are_within_bounds() -> None:
    for cost in (VAULT_COST, KEY_FILE_COST, TEST_COST):
        assert check_cost(cost) is cost


@pytest.mark.parametrize(
    "data", [b"", encode([1]), changed(0, 2), changed(1, -1), changed(4, b""), changed(5, b"")]
)
def test_what_is_no_such_file_is_refused(data: bytes) -> None:
    with pytest.raises(CairnError):
        open_file(PASSPHRASE, data, "vault")


def test_a_passphrase_must_be_text() -> None:
    with pytest.raises(EncodingInvalid, match="surrogate"):
        open_file("\ud800", sealed(), "vault")


# --- strength ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("passphrase", "low", "high"),
    [
        ("", 0, 0),
        ("123456", 0, 10),
        ("482913", 14, 20),
        ("13071998", 14, 16),
        ("1998", 6, 8),
        ("4711", 12, 14),
        ("password", 0, 8),
        ("Amina1990", 15, 25),
        ("PaSsWoRd", 0, 10),
        ("maIze", 13, 15),
        ("qwerty", 0, 8),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", 0, 10),
        ("zyxwvutsrq", 0, 10),
        ("water water water water water water", 0, 25),
        ("correct horse battery staple", 40, 56),
        (PASSPHRASE, 64, 90),
        ("k7Q2-9xPv-T4mZ-88dW", 64, 100),
        ("الماء في المدرسة بعيد جدا اليوم", 64, 90),
        ("ጤና ይስጥልኝ ውሃ ትምህርት ቤት ሰላም", 50, 90),
        ("ကျောင်း", 0, 30),
    ],
)
def test_strength_errs_on_the_safe_side(passphrase: str, low: float, high: float) -> None:
    assert low <= strength_bits(passphrase) <= high


def test_more_never_weakens() -> None:
    grown = ""
    bits = [strength_bits(grown := grown + word) for word in ("river", " goat", "!7", " tent")]
    assert bits == sorted(bits)


# --- wraps ------------------------------------------------------------------------------------

KEY = secret("wrap")


def test_a_wrap_opens_in_its_place_alone() -> None:
    wrapped = wrap(KEY, b"payload", b"row 5", seeded(1))
    assert unwrap(KEY, wrapped, b"row 5") == b"payload"
    assert wrapped != wrap(KEY, b"payload", b"row 5", seeded(2))
    assert b"payload" not in wrapped
    for key, data, aad in [
        (secret("other"), wrapped, b"row 5"),
        (KEY, wrapped, b"row 6"),
        (KEY, wrapped[:-1], b"row 5"),
        (KEY, wrapped[:5], b"row 5"),
        (KEY, b"", b"row 5"),
    ]:
        with pytest.raises(TagMismatch):
            unwrap(key, data, aad)


def test_a_wrapping_key_of_a_wrong_size_is_refused() -> None:
    for call in (lambda: wrap(b"short", b"", b"", seeded(1)), lambda: unwrap(b"short", b"", b"")):
        with pytest.raises(EncodingInvalid):
            call()
