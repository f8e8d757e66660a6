"""Forms, choice lists and policy as the server broadcast them, unpacked once beside the log.

Every document is checked against the key ring's root before it is used (SEAL-082). A form is
compiled when it arrives, so that opening it is reading a file; older versions stay for drafts.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from mobile_client.device.files import remove, write_private
from mobile_client.services.device_policy import DEFAULT, DevicePolicy, read_device_policy
from mobile_client.services.loaded_form import LoadedForm, loaded_form
from shared.errors import EncodingInvalid, EnvelopeError, FormError, LimitExceeded, NotFound
from shared.forms.cache import CacheUnreadable, dump_form, load_form
from shared.forms.definition import Form
from shared.forms.sources import read_attachment
from shared.forms.xform import read_form
from shared.forms.xpath.tables import Instance, Table
from shared.records.codec import Codebooks
from shared.records.form_document import (
    DELTA_DOCUMENT,
    FORM_DOCUMENT,
    LIST_DOCUMENT,
    POLICY_DOCUMENT,
    decode_form_document,
)
from shared.records.list_delta import BaseUnknown, apply_delta, decode_delta
from shared.records.lists import BLOCK_BYTES
from shared.records.parts import Part, joined, read_part
from shared.sealing.documents import Document, open_document
from shared.sealing.envelope import Compartment, Kind
from shared.sealing.ring import KeyRing
from sync.peer import Peer

_KINDS: Final = frozenset({Kind.FORM, Kind.LIST, Kind.POLICY})
CaseLists = Callable[[], Mapping[str, Instance]]
"""Gives the case lists of whoever unlocked, by file name."""
_EMPTY: Final[dict[str, Any]] = {"through": {}, "forms": [], "lists": {}, "policy": 0, "faults": {}}


class Library:
    """What this device can ask, and under which rules."""

    def __init__(self, folder: Path, peer: Peer) -> None:
        self._folder = folder
        self._peer = peer
        self._index_file = folder / "index.json"
        self._index = self._read_index()
        self._loaded: dict[str, LoadedForm] = {}
        self.case_lists: CaseLists = dict

    # ---- taking in

    def refresh(self) -> int:
        """Unpack what the broadcasts brought since the last time; return how many documents."""
        ring = self._peer.directory.ring
        if ring is None:
            return 0
        taken, lacking = self._read(ring)
        if lacking:
            # A file is gone from this device: the log still says it from the beginning (LIST-014).
            self._index["through"] = {}
            taken += self._read(ring)[0]
        if taken:
            self._save_index()
            self._sweep()
        return taken

    def _read(self, ring: KeyRing) -> tuple[int, bool]:
        """Take the news; return how many documents, and whether one lacked what it starts from."""
        taken, lacking = 0, False
        for place, sequence, kind, payload in self._news():
            if kind in _KINDS and payload is not None:
                taken += 1
                try:
                    whole = self._whole(payload)
                    if whole is not None:
                        self._take(open_document(whole, ring))
                except BaseUnknown as error:
                    lacking = True
                    self._index["faults"][f"broadcast {sequence}"] = error.message
                except (EnvelopeError, EncodingInvalid, LimitExceeded) as error:
                    self._index["faults"][f"broadcast {sequence}"] = error.message
                else:
                    self._index["faults"].pop(f"broadcast {sequence}", None)
            self._index["through"][place] = sequence
        return taken, lacking

    def _news(self) -> Iterator[tuple[str, int, int, bytes | None]]:
        """Yield the server's broadcasts not looked at yet: log, sequence, kind, payload."""
        store = self._peer.store
        for log in sorted(store.have().points):
            server_log = self._peer.directory.server_log(log.author)
            if server_log is None or server_log.device is not None:
                continue
            place = f"{log.author.hex()}:{log.incarnation}"
            after = self._index["through"].get(place, 0)
            for branch in store.branches(log)[:1]:
                for entry in store.entries(branch, after + 1, branch.head.sequence):
                    header = entry.header
                    payload = entry.payloads.get(Compartment.OPEN)
                    yield place, header.sequence, header.kind, payload

    def _take(self, document: Document) -> None:
        """Keep one document; a fault in it is kept too, and the others go on."""
        takers = {
            FORM_DOCUMENT: self._take_form,
            LIST_DOCUMENT: self._take_list,
            DELTA_DOCUMENT: self._take_delta,
            POLICY_DOCUMENT: self._take_policy,
        }
        taker = takers.get(document.type)
        if taker is None:
            return
        try:
            taker(document)
        except (FormError, EncodingInvalid, LimitExceeded) as error:
            self._index["faults"][document.name] = error.message
        else:
            self._index["faults"].pop(document.name, None)

    def _take_form(self, document: Document) -> None:
        content = decode_form_document(document.content)
        form = read_form(content.xform)
        write_private(self._folder / f"{form.hash}.form", dump_form(form))
        write_private(self._folder / f"{form.hash}.xml", content.xform)
        row = {
            "form_id": form.id,
            "serial": document.serial,
            "hash": form.hash,
            "files": {name: digest.hex() for name, digest in content.files.items()},
        }
        others = [each for each in self._index["forms"] if each["hash"] != form.hash]
        self._index["forms"] = [*others, row]

    def _take_list(self, document: Document) -> None:
        digest = sha256(document.content).hexdigest()
        write_private(self._list_file(digest), document.content)
        self._note_list(document, digest)

    def _take_delta(self, document: Document) -> None:
        """Make a list's next version from the one it starts from (LIST-013)."""
        delta = decode_delta(document.content)
        base, result = self._list_file(delta.base.hex()), self._list_file(delta.result.hex())
        if not result.exists():
            if not base.exists():
                raise BaseUnknown(f"the list {document.name} lacks the version its change is of")
            write_private(result, apply_delta(_blocks(base), delta))
        self._note_list(document, delta.result.hex())

    def _note_list(self, document: Document, digest: str) -> None:
        held = self._index["lists"].get(document.name, {"serial": -1})
        if document.serial > held["serial"]:
            self._index["lists"][document.name] = {"serial": document.serial, "hash": digest}

    def _list_file(self, digest: str) -> Path:
        return self._folder / f"{digest}.list"

    def _whole(self, payload: bytes) -> bytes | None:
        """Return a document's payload, put together from its parts; None while one is missing."""
        part = read_part(payload)
        if part is None:
            return payload
        write_private(self._part_file(part, part.number), part.data)
        files = [self._part_file(part, number) for number in range(1, part.count + 1)]
        if not all(file.exists() for file in files):
            return None
        whole = joined(part.whole, [file.read_bytes() for file in files])
        for file in files:
            remove(file)
        return whole

    def _part_file(self, part: Part, number: int) -> Path:
        return self._folder / f"{part.whole.hex()}.part{number}"

    def _sweep(self) -> None:
        """Delete versions of lists that no form names and that are not the newest."""
        needed = {held["hash"] for held in self._index["lists"].values()}
        needed |= {digest for row in self._index["forms"] for digest in row["files"].values()}
        for file in self._folder.glob("*.list"):
            if file.stem not in needed:
                remove(file)

    def _take_policy(self, document: Document) -> None:
        if document.serial > self._index["policy"]:
            read_device_policy(document.content)
            write_private(self._folder / "policy.toml", document.content)
            self._index["policy"] = document.serial

    # ---- giving out

    def lists(self) -> dict[str, dict[str, Any]]:
        """Return the newest version here of each choice list: name -> serial and hash."""
        return {name: dict(held) for name, held in sorted(self._index["lists"].items())}

    def faults(self) -> dict[str, str]:
        """Return the documents that could not be used, by name, with what is wrong."""
        return dict(self._index["faults"])

    def policy(self) -> DevicePolicy:
        """Return the device's rules; the defaults until a policy arrived."""
        if not self._index["policy"]:
            return DEFAULT
        return read_device_policy((self._folder / "policy.toml").read_bytes())

    def forms(self) -> tuple[LoadedForm, ...]:
        """Return the newest version of every form whose files are all here, by title."""
        newest: dict[str, dict[str, Any]] = {}
        for row in self._index["forms"]:
            held = newest.get(row["form_id"])
            if self._complete(row) and (held is None or row["serial"] > held["serial"]):
                newest[row["form_id"]] = row
        loaded = [self._with_cases(self._load(row)) for row in newest.values()]
        return tuple(sorted(loaded, key=lambda each: each.form.title))

    def form(self, form_id: str) -> LoadedForm:
        """Return the newest version of a form.

        Raises:
            NotFound: no such form, or its choice lists have not arrived yet.
        """
        for loaded in self.forms():
            if loaded.form.id == form_id:
                return loaded
        raise NotFound(
            f"the form {form_id} is not here, or its lists are not; hand over to fetch them"
        )

    def version(self, form_hash: str) -> LoadedForm:
        """Return one version of a form, for a draft that was begun with it.

        Raises:
            NotFound: it is not here.
        """
        for row in self._index["forms"]:
            if row["hash"] == form_hash:
                return self._with_cases(self._load(row))
        raise NotFound("the version of the form this was begun with is not on this device")

    def by_key(self, key: str) -> LoadedForm:
        """Return the version whose hash begins with a form key, in hex.

        Raises:
            NotFound: it is not here.
        """
        for row in self._index["forms"]:
            if row["hash"].startswith(key):
                return self._with_cases(self._load(row))
        raise NotFound("the form this record was filled with is not on this device")

    def codebooks(self) -> Codebooks:
        """Return the codebooks of every version here, by form key."""
        return Codebooks(*(self._load(row).codebook for row in self._index["forms"]))

    def file(self, form_hash: str, name: str) -> Path | None:
        """Return where a form's media file lies; None where it is not here."""
        for row in self._index["forms"]:
            if row["hash"] == form_hash and name in row["files"]:
                path = self._list_file(row["files"][name])
                return path if path.exists() else None
        return None

    def _with_cases(self, loaded: LoadedForm) -> LoadedForm:
        """Put this device's case lists in place of the files that hold no row (LIST-033)."""
        empty = [n for n, f in loaded.files.items() if isinstance(f, Table) and not f.row_count]
        if not empty:
            return loaded
        cases = self.case_lists()
        filled = {name: cases[name] for name in empty if name in cases}
        return replace(loaded, files={**loaded.files, **filled}) if filled else loaded

    def _complete(self, row: dict[str, Any]) -> bool:
        return all(self._list_file(digest).exists() for digest in row["files"].values())

    def _load(self, row: dict[str, Any]) -> LoadedForm:
        form_hash = row["hash"]
        if form_hash not in self._loaded:
            form = self._compiled(form_hash)
            sources = {s.source.rpartition("/")[2] for s in form.instances.values() if s.source}
            files = {
                name: read_attachment(name, self._list_file(digest).read_bytes())
                for name, digest in row["files"].items()
                if name in sources
            }
            self._loaded[form_hash] = loaded_form(form, files)
        return self._loaded[form_hash]

    def _compiled(self, form_hash: str) -> Form:
        """Read the compiled form; compile again where another version of this program wrote it."""
        try:
            return load_form((self._folder / f"{form_hash}.form").read_bytes())
        except (CacheUnreadable, FileNotFoundError):
            form = read_form((self._folder / f"{form_hash}.xml").read_bytes())
            write_private(self._folder / f"{form_hash}.form", dump_form(form))
            return form

    def _read_index(self) -> dict[str, Any]:
        try:
            index: dict[str, Any] = json.loads(self._index_file.read_bytes())
        except (FileNotFoundError, ValueError):
            # The log holds everything: an index that is gone is made again from it.
            return json.loads(json.dumps(_EMPTY))  # type: ignore[no-any-return]
        return index

    def _save_index(self) -> None:
        write_private(self._index_file, json.dumps(self._index).encode())


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block
