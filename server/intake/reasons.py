"""Why an entry is set aside, what to do about it, and what a coordinator may decide. INTK-020."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """Why an entry or run stands in quarantine. The first five are the inbox's own."""

    UNKNOWN_DEVICE = "unknown_device"
    BAD_SIGNATURE = "bad_signature"
    BAD_CHAIN = "bad_chain"
    TAMPERED = "tampered"
    OTHER_DEPLOYMENT = "other_deployment"
    REVOKED_DEVICE = "revoked_device"
    FORK = "fork"
    UNDECRYPTABLE = "undecryptable"
    NO_PAYLOAD = "no_payload"
    UNREADABLE = "unreadable"
    UNKNOWN_FORM = "unknown_form"
    INVALID = "invalid"
    CONSENT_MISSING = "consent_missing"
    BASIS = "basis"
    PURPOSE = "purpose"
    OUTSIDE_WINDOW = "outside_window"
    LATE = "late"
    OTHER_FORM = "other_form"
    DIRECT_IN_BODY = "direct_in_body"
    UNCLAIMED = "unclaimed"
    WRONG_TYPE = "wrong_type"


REMEDY: Final[Mapping[str, str]] = {
    Reason.UNKNOWN_DEVICE: "Enrol the device, or have it send its certificate; then replay.",
    Reason.BAD_SIGNATURE: "Not written by the device it names. Look at who carried it; the device "
    "itself still holds and sends the true entries.",
    Reason.BAD_CHAIN: "Altered or out of order on the way. The device still holds the true "
    "entries and sends them again; keep this as evidence.",
    Reason.TAMPERED: "The content does not belong to its header. Ask the device for a new "
    "hand-over; keep this as evidence.",
    Reason.OTHER_DEPLOYMENT: "It belongs to another project; hand it over there.",
    Reason.REVOKED_DEVICE: "Sent by a device after it was revoked. Compare with the enumerator's "
    "own account, then release it or leave it.",
    Reason.FORK: "Two tablets wrote one log (cloned or restored). Release what was truly "
    "collected; have the device enrolled again.",
    Reason.UNDECRYPTABLE: "Sealed to a key this server does not hold (any more). Restore the "
    "intake key and replay, or have the device seal it again.",
    Reason.NO_PAYLOAD: "The content was pruned before it arrived here. Look for the device or "
    "stick that still holds it.",
    Reason.UNREADABLE: "The content is malformed. Update the device's program; replay after "
    "updating this server.",
    Reason.UNKNOWN_FORM: "Publish this version of the form, then replay.",
    Reason.INVALID: "The answers break the form's rules. Ask the enumerator; release it to accept "
    "it as it is.",
    Reason.CONSENT_MISSING: "No consent, no record. It is shredded after the deadline; a count "
    "remains.",
    Reason.BASIS: "The policy does not allow this form's basis. Have the steward decide; then "
    "replay.",
    Reason.PURPOSE: "The policy does not name this form's purposes. Have the steward decide; then "
    "replay.",
    Reason.OUTSIDE_WINDOW: "Interviewed outside the days the policy gives this form. Release it, "
    "or have the window changed and replay.",
    Reason.LATE: "Arrived after the late-arrival window. Release it, or have the window changed "
    "and replay.",
    Reason.OTHER_FORM: "The record belongs to another form. Ask the enumerator; the entry stays.",
    Reason.DIRECT_IN_BODY: "The body holds a direct identifier, which must be sealed to the "
    "custodian. Update the device's program.",
    Reason.UNCLAIMED: "A file that no answer of its record names. Update the device's program; "
    "it stays sealed here.",
    Reason.WRONG_TYPE: "A file whose content is not what its suffix says. Do not open it on a "
    "machine that matters; ask the enumerator for the file again.",
}
"""What a person can do, by reason."""

RELEASABLE: Final = frozenset(
    {Reason.REVOKED_DEVICE, Reason.FORK, Reason.INVALID, Reason.OUTSIDE_WINDOW, Reason.LATE}
)
"""A coordinator may accept these as they are; never what has no consent or cannot be opened."""


def remedy(reason: str) -> str:
    """Return what to do about a reason."""
    return REMEDY.get(reason, "Replay it; if it stays, ask whoever runs the server.")
