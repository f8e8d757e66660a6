"""Consent: a respondent's decision per purpose, with how and under which notice it was given."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Decision(StrEnum):
    """Ordered from most to least restrictive; merging takes the most restrictive."""

    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    GRANTED = "granted"


class Method(StrEnum):
    """How the decision was given."""

    VERBAL = "verbal"
    SIGNATURE = "signature"
    THUMBPRINT = "thumbprint"
    GUARDIAN = "guardian"


@dataclass(frozen=True, slots=True)
class Consent:
    """One respondent's decisions.

    Attributes:
        respondent: address of the respondent's repeat instance, or "" for the record's only one.
        decisions: purpose -> decision.
        notice_hash: first 16 bytes of the SHA-256 of the notice text that was read (UTF-8).
        language: BCP 47 tag of that text; a later switch of language does not change it.
        at_ms: device clock, milliseconds since 1970 UTC.
        withdrawal_hash: hash of the withdrawal code on the respondent's slip (SEAL-080).
        assent: whether a child agreed as well, where a guardian decided; else None.
    """

    respondent: str
    decisions: Mapping[str, Decision]
    notice_hash: bytes
    language: str
    method: Method
    at_ms: int
    withdrawal_hash: bytes
    assent: bool | None = None

    def granted(self) -> frozenset[str]:
        """Return the purposes agreed to."""
        return frozenset(p for p, d in self.decisions.items() if d is Decision.GRANTED)
