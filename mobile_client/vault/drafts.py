"""Drafts: one unfinished interview each, whole at every answer, under a key of its own."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Final, NamedTuple

from mobile_client.vault.database import VaultDatabase
from mobile_client.vault.key_slots import KeySlots
from shared.canonical import decode, encode
from shared.clock import RandomBytes
from shared.errors import EncodingInvalid, NotFound, StoreCorrupt, TagMismatch
from shared.sealing.wrap import unwrap, wrap

_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class ConsentKept:
    """What the respondent decided, as the draft keeps it.

    Attributes:
        decisions: purpose -> granted.
        notice_hash: of the notice as it was shown (CONS-005).
    """

    decisions: Mapping[str, bool]
    notice_hash: bytes
    language: str
    method: str
    at_ms: int
    assent: bool | None = None


class MediaFile(NamedTuple):
    """A sealed file of a draft: random name on the medium and key; the same of its thumbnail.

    Attributes:
        digest: SHA-256 of the content, by which equal files are sealed once (SEAL-064); b"" where
            an earlier version of this app kept it.
    """

    name: str
    key: bytes
    digest: bytes = b""
    thumbnail: str = ""
    thumbnail_key: bytes = b""


@dataclass(frozen=True, slots=True)
class Draft:
    """An unfinished interview.

    Attributes:
        record_id, tag_key, code: drawn when the draft was made, so that finalizing twice makes
            one revision and the respondent's slip is known from the beginning.
        snapshot: the interview engine's own bytes.
        consent: None while it was not asked, or where the form's basis asks nobody.
        paradata: what happened when, as `services/paradata.py` writes it.
        media: answer text of a media question -> its sealed file.
        parents, base: of a correction: the revisions it knows, and the answers they hold, as
            `services/cases.py` writes them.
        sealed_at_ms: when it was finalized; None before.
        planned: incarnation, sequence and hash of the entry that ends this draft: a record, or the
            tally of `outcome`. Saved before the entry is appended, so that after a kill the log
            itself says whether the draft is done.
        outcome: why it ends without a record: refused or abandoned; "" where it does not.
        after: of a planned correction, the state it leaves its case in.
    """

    draft_id: str
    form_id: str
    form_hash: str
    title: str
    record_id: bytes
    tag_key: bytes
    code: bytes
    started_ms: int
    updated_ms: int
    snapshot: bytes
    consent: ConsentKept | None = None
    reconfirm: bool = False
    answered: int = 0
    asked: int = 0
    ready: bool = False
    approved_by: str = ""
    returned: str = ""
    paradata: bytes = b""
    media: Mapping[str, MediaFile] = field(default_factory=dict)
    parents: tuple[bytes, ...] = ()
    base: bytes = b""
    sealed_at_ms: int | None = None
    planned: tuple[int, int, bytes] | None = None
    outcome: str = ""
    after: bytes = b""

    def encode(self) -> bytes:
        """Return the draft's bytes. Runs at every answer: the large parts are bytes already."""
        content = {name: getattr(self, name) for name in _FIELDS}
        return encode({**content, "consent": self.consent and asdict(self.consent)})


_FIELDS: Final = tuple(each.name for each in fields(Draft))


def decode_draft(data: bytes) -> Draft:
    """Return a draft from its bytes.

    Raises:
        StoreCorrupt: not a draft of this version.
    """
    try:
        content: dict[str, Any] = decode(data)
        kept = content.pop("consent")
        return Draft(
            **{
                **content,
                "consent": None if kept is None else ConsentKept(**kept),
                "parents": tuple(content["parents"]),
                "planned": content["planned"] and tuple(content["planned"]),
                "media": {name: MediaFile(*file) for name, file in content["media"].items()},
            }
        )
    except (EncodingInvalid, TypeError, KeyError, AttributeError) as error:
        raise StoreCorrupt("a draft in the vault cannot be read by this version") from error


class DraftStore:
    """Keeps one enumerator's drafts."""

    def __init__(
        self,
        database: VaultDatabase,
        slots: KeySlots,
        owner: str,
        vault_key: bytes,
        random_bytes: RandomBytes,
    ) -> None:
        self._database = database
        self._slots = slots
        self._owner = owner
        self._vault_key = vault_key
        self._random_bytes = random_bytes
        self._keys: dict[str, tuple[int, bytes]] = {}

    def new_id(self) -> str:
        """Draw the random name of a new draft."""
        return self._random_bytes(_ID_BYTES).hex()

    def save(self, draft: Draft) -> None:
        """Write a draft; it is on the medium when this returns.

        Raises:
            StoreFull: nothing was written; what was saved before stays whole.
        """
        slot, key = self._key(draft.draft_id, make=True)
        sealed = wrap(key, draft.encode(), draft.draft_id.encode(), self._random_bytes)
        row = {"id": draft.draft_id, "owner": self._owner, "slot": slot, "sealed": sealed}
        with self._database.transaction():
            self._database.put("drafts", row)

    def load(self, draft_id: str) -> Draft:
        """Return a draft.

        Raises:
            NotFound: there is none of that name in this vault.
        """
        row = self._database.find("drafts", draft_id)
        if row is None or row["owner"] != self._owner:
            raise NotFound("there is no such draft in this vault")
        _, key = self._key(draft_id)
        try:
            return decode_draft(unwrap(key, row["sealed"], draft_id.encode()))
        except TagMismatch as error:
            raise StoreCorrupt(f"draft {draft_id} was damaged") from error

    def ids(self) -> tuple[str, ...]:
        """Return the names of this enumerator's drafts, oldest first."""
        return tuple(row["id"] for row in self._database.rows("drafts", owner=self._owner))

    def all(self) -> tuple[Draft, ...]:
        """Return this enumerator's drafts, newest change first."""
        drafts = (self.load(draft_id) for draft_id in self.ids())
        return tuple(sorted(drafts, key=lambda draft: draft.updated_ms, reverse=True))

    def drop(self, draft_id: str) -> int:
        """Remove the row, inside a transaction of the caller; return the slot to destroy after."""
        slot, _ = self._key(draft_id)
        self._database.drop("drafts", draft_id)
        return slot

    def destroy(self, draft_id: str) -> None:
        """Remove a draft and overwrite its key."""
        with self._database.transaction():
            slot = self.drop(draft_id)
        self.destroy_key(draft_id, slot)

    def destroy_key(self, draft_id: str, slot: int) -> None:
        """Overwrite the key of a draft whose row is gone."""
        self._keys.pop(draft_id, None)
        self._slots.destroy(slot)

    def file_key(self, draft_id: str) -> bytes:
        """Return the draft's key, under which its media files are sealed too."""
        return self._key(draft_id)[1]

    def _key(self, draft_id: str, *, make: bool = False) -> tuple[int, bytes]:
        if draft_id not in self._keys:
            row = self._database.find("drafts", draft_id)
            if row is not None:
                slot = int(row["slot"])
                self._keys[draft_id] = slot, self._slots.key(slot, self._vault_key, draft_id)
            elif make:
                self._keys[draft_id] = self._slots.take(self._vault_key, draft_id)
            else:
                raise NotFound("there is no such draft in this vault")
        return self._keys[draft_id]


def touched(draft: Draft, **changes: object) -> Draft:
    """Return the draft with some fields changed."""
    return replace(draft, **changes)  # type: ignore[arg-type]
