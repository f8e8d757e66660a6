"""Every parser's fuzz target, short: seeds, what once broke it, and a few changes of both.

`make fuzz` runs the same targets under a coverage-guided fuzzer for as long as one likes.
"""

import random

import pytest
from fuzz_targets import ROOT, TARGETS, attempt, found

CHANGES = 12


def changed(data: bytes, chance: random.Random) -> bytes:
    """Flip, cut, grow or repeat."""
    raw = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(raw) + 1)
        match chance.randrange(4):
            case 0 if at < len(raw):
                raw[at] ^= 1 << chance.randrange(8)
            case 1:
                del raw[at : at + chance.randint(1, 8)]
            case 2:
                raw[at:at] = chance.randbytes(chance.randint(1, 8))
            case _:
                raw[at:at] = raw[at : at + chance.randint(1, 40)]
    return bytes(raw)


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_findings_are_read_or_refused(name: str) -> None:
    for data in (b"", *TARGETS[name].seeds(), *found(name)):
        attempt(name, data)


@pytest.mark.parametrize("name", TARGETS)
def test_changed_seeds_are_read_or_refused(name: str) -> None:
    chance = random.Random(name)
    seeds = sorted((*TARGETS[name].seeds(), *found(name)), key=len)[:CHANGES] or [b""]
    for number in range(CHANGES):
        attempt(name, changed(seeds[number % len(seeds)], chance))


def test_findings_belong_to_targets() -> None:
    """A renamed target must not leave its findings untried."""
    names = {name.replace(" ", "_") for name in TARGETS}
    folders = {path.name for path in (ROOT / "tests/vectors/found").glob("*") if path.is_dir()}
    assert folders <= names
