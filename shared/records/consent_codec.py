"""Consents to canonical values and back: purposes by position, times as differences (SEAL-062)."""

from collections.abc import Sequence
from typing import Any, Final

from shared.errors import EncodingInvalid
from shared.records.address import check_address
from shared.records.consent import Consent, Decision, Method
from shared.sealing.withdrawal import CODE_HASH_BYTES
from shared.shapes import array, integer, mapping, octets, text

NOTICE_HASH_BYTES: Final = 16
_DECISIONS: Final = (Decision.WITHDRAWN, Decision.REFUSED, Decision.GRANTED)
_METHODS: Final = (Method.VERBAL, Method.SIGNATURE, Method.THUMBPRINT, Method.GUARDIAN)


def consents_to_wire(
    consents: Sequence[Consent], purposes: Sequence[str], at_ms: int
) -> list[object]:
    """Return the canonical value of a body's consents.

    Raises:
        EncodingInvalid: a hash of another size, or two decisions of one respondent.
    """
    if len({consent.respondent for consent in consents}) != len(consents):
        raise EncodingInvalid("a revision holds one consent a respondent")
    return [_to_wire(consent, purposes, at_ms) for consent in consents]


def _to_wire(consent: Consent, purposes: Sequence[str], at_ms: int) -> list[object]:
    positions: dict[str, int | str] = {name: i for i, name in enumerate(purposes)}
    return [
        consent.respondent and check_address(consent.respondent),
        {positions.get(p, p): _DECISIONS.index(d) for p, d in consent.decisions.items()},
        octets(consent.notice_hash, "notice hash", NOTICE_HASH_BYTES),
        consent.language,
        _METHODS.index(consent.method),
        at_ms - consent.at_ms,
        octets(consent.withdrawal_hash, "withdrawal hash", CODE_HASH_BYTES),
        consent.assent,
    ]


def consents_from_wire(value: object, purposes: Sequence[str], at_ms: int) -> tuple[Consent, ...]:
    """Return a body's consents.

    Raises:
        EncodingInvalid: malformed.
    """
    consents = tuple(_from_wire(row, purposes, at_ms) for row in array(value, "consents"))
    if len({consent.respondent for consent in consents}) != len(consents):
        raise EncodingInvalid("a revision holds one consent a respondent")
    return consents


def _from_wire(row: Any, purposes: Sequence[str], at_ms: int) -> Consent:
    items = array(row, "a consent", 8)
    respondent = text(items[0], "respondent")
    if items[7] is not None and not isinstance(items[7], bool):
        raise EncodingInvalid("assent is true, false or null")
    return Consent(
        respondent=respondent and check_address(respondent),
        decisions={
            _purpose(purpose, purposes): _choice(decision, _DECISIONS, "decision")
            for purpose, decision in mapping(items[1], "decisions").items()
        },
        notice_hash=octets(items[2], "notice hash", NOTICE_HASH_BYTES),
        language=text(items[3], "language"),
        method=_choice(items[4], _METHODS, "method"),
        at_ms=at_ms - integer(items[5], "at_ms of a consent"),
        withdrawal_hash=octets(items[6], "withdrawal hash", CODE_HASH_BYTES),
        assent=items[7],
    )


def _purpose(key: object, purposes: Sequence[str]) -> str:
    if type(key) is int and 0 <= key < len(purposes):
        return purposes[key]
    if isinstance(key, str) and key not in purposes:
        return key
    raise EncodingInvalid("a purpose is its position in the form, or a name the form has not")


def _choice(number: object, names: Sequence[Any], what: str) -> Any:
    if type(number) is int and 0 <= number < len(names):
        return names[number]
    raise EncodingInvalid(f"the {what} of a consent is not known")
