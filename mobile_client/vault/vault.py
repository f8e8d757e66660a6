"""An open vault: one enumerator's drafts, slips and list of finalized records.

It lives from unlock to lock. Locking forgets the keys; Python cannot wipe memory it has handed out,
so what a core dump could hold is bounded by the time unlocked.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from mobile_client.vault.database import VaultDatabase
from mobile_client.vault.drafts import DraftStore
from mobile_client.vault.key_slots import KeySlots
from shared.canonical import decode, encode
from shared.clock import RandomBytes
from shared.errors import StoreCorrupt, TagMismatch
from shared.sealing.wrap import unwrap, wrap

_ID_BYTES: Final = 16


class Vault:
    """What one passphrase opened."""

    def __init__(
        self,
        database: VaultDatabase,
        slots: KeySlots,
        owner: str,
        vault_key: bytes,
        random_bytes: RandomBytes,
    ) -> None:
        self.owner = owner
        self.drafts = DraftStore(database, slots, owner, vault_key, random_bytes)
        self._database = database
        self._key = vault_key
        self._random_bytes = random_bytes

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything inside together, durable on return, or nothing."""
        with self._database.transaction():
            yield

    def put(self, kind: str, content: dict[str, Any], item_id: str = "") -> str:
        """Seal an item under a random name, or over the one named; inside a transaction."""
        item_id = item_id or self._random_bytes(_ID_BYTES).hex()
        sealed = wrap(self._key, encode(content), _place(item_id, kind), self._random_bytes)
        row = {"id": item_id, "owner": self.owner, "kind": kind, "sealed": sealed}
        self._database.put("items", row)
        return item_id

    def items(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the items of a kind with their names, in the order they were first written."""
        rows = self._database.rows("items", owner=self.owner, kind=kind)
        return [(row["id"], self._open(row["id"], kind, row["sealed"])) for row in rows]

    def get(self, kind: str, item_id: str) -> dict[str, Any]:
        """Return one item by its name.

        Raises:
            StoreCorrupt: it is not there, or damaged.
        """
        row = self._database.find("items", item_id)
        if row is None or row["owner"] != self.owner:
            raise StoreCorrupt(f"an item of kind {kind} is gone from the vault")
        return self._open(item_id, kind, row["sealed"])

    def drop(self, item_id: str) -> None:
        """Remove an item; inside a transaction."""
        self._database.drop("items", item_id)

    def _open(self, item_id: str, kind: str, sealed: bytes) -> dict[str, Any]:
        try:
            content: dict[str, Any] = decode(unwrap(self._key, sealed, _place(item_id, kind)))
        except TagMismatch as error:
            raise StoreCorrupt(f"an item of kind {kind} in the vault was damaged") from error
        return content


def _place(item_id: str, kind: str) -> bytes:
    return f"{kind} {item_id}".encode()
