"""What a record holds already, for a correction on top of it: the base of a draft.

A base is address -> value, as the record's revisions left it. The engine opens it as a draft; at
finalize only what differs from it is written (assemble.py).
"""

from collections.abc import Mapping
from typing import Any

from mobile_client.services.loaded_form import LoadedForm
from mobile_client.vault.drafts import Draft
from shared.canonical import decode, encode
from shared.forms.draft import Draft as Snapshot
from shared.forms.draft import encode as encode_snapshot
from shared.records.address import is_instance
from shared.records.revision import DELETED, Deletion, Value
from shared.records.values import text_from_value

Base = Mapping[str, Value | Deletion]


def encode_base(base: Base) -> bytes:
    """Return a base as bytes; what is deleted is left out."""
    return encode({address: value for address, value in base.items() if value is not DELETED})


def base_of(draft: Draft) -> dict[str, Value | Deletion]:
    """Return what the record of a draft holds already; nothing for a new record."""
    return decode_base(draft.base) if draft.base else {}


def decode_base(data: bytes) -> dict[str, Value | Deletion]:
    """Return a base from its bytes."""
    content: dict[str, Any] = decode(data)
    return {
        address: tuple(value) if isinstance(value, list) else value
        for address, value in content.items()
    }


def snapshot_of(loaded: LoadedForm, base: Base, language: str = "") -> bytes:
    """Return a draft of the interview engine that holds a base's answers."""
    instances = sorted(
        (address for address, value in base.items() if is_instance(address)),
        key=lambda address: (address.count("["), _order(base[address])),
    )
    values = {
        address: text_from_value(value)
        for address, value in base.items()
        if not is_instance(address) and not isinstance(value, Deletion)
    }
    return encode_snapshot(
        Snapshot(
            form_id=loaded.form.id,
            form_hash=loaded.form.hash,
            language=language or loaded.form.default_language,
            at="",
            values=values,
            instances=instances,
            strangers={},
        )
    )


def _order(value: Value | Deletion) -> int:
    return value if isinstance(value, int) else 0
