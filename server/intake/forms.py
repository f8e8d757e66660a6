"""Forms at hand: what a worker needs of each published version, loaded once. Rule INTK-012.

A form is read from the document the root signed, not from anything derived, so that a changed
row in the store cannot change what is valid.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cached_property, lru_cache

from sqlmodel import col, select

from server.db import reading
from server.deident.geography import Geography
from server.deident.geography_files import read_geography
from server.deident.plan import make_plan
from server.deident.policy import DeidPolicy
from server.deident.pseudonym import keyed_pseudonyms
from server.deident.rows import Deidentifier
from server.mission import Mission
from server.queries import documents
from server.tables.documents import Form as FormRow
from server.tables.documents import ListVersion
from shared.clock import RandomBytes
from shared.errors import FormError
from shared.forms.answers import Answer, Answers
from shared.forms.body import validate_body
from shared.forms.body_rules import LIST
from shared.forms.codebook import codebook_of
from shared.forms.definition import Form
from shared.forms.sources import read_attachment
from shared.forms.validate import Violation
from shared.forms.xform import read_form
from shared.forms.xpath.tables import Instance, Table
from shared.ids import FormHash
from shared.records.address import form_path, is_instance
from shared.records.codebook import Codebook, Disclosure, Kind
from shared.records.codec import form_key
from shared.records.form_document import decode_form_document
from shared.records.revision import Deletion, Patch
from shared.records.split import split_answers
from shared.records.values import text_from_value
from shared.sealing.documents import open_document
from sync.core.rules import MergeRules, rules_of


class UnknownForm(FormError):
    """The form a record was filled with was never published here."""

    code = "FORM-012"


@dataclass
class FormAtHand:
    """One published form version, ready to read, judge and merge records with."""

    form: Form
    codebook: Codebook
    serial: int
    attachments: Mapping[str, Instance] = field(repr=False)
    geography: Geography | None = field(repr=False)
    _unserved_by: dict[frozenset[str], frozenset[str]] = field(default_factory=dict, repr=False)
    _absent_by: dict[frozenset[str], frozenset[str]] = field(default_factory=dict, repr=False)

    @cached_property
    def rules(self) -> MergeRules:
        """How its records merge."""
        return rules_of(self.codebook)

    @cached_property
    def file_paths(self) -> frozenset[str]:
        """Questions whose answer is a file."""
        fields = self.codebook.fields()
        return frozenset(f.path for f in fields if f.kind is Kind.ATTACHMENT)

    @cached_property
    def absent(self) -> frozenset[str]:
        """Fields that a body never holds, and lists that the server does not read."""
        fields = self.codebook.fields()
        direct = {f.path for f in fields if f.disclosure is Disclosure.DIRECT}
        return frozenset(direct | {f"{LIST}{name}" for name in self._case_lists()})

    def _case_lists(self) -> Iterator[str]:
        """Yield the instances whose rows lie on the device alone (LIST-033)."""
        for name, instance in self.form.instances.items():
            file = self.attachments.get(instance.source.rpartition("/")[2])
            if isinstance(file, Table) and not file.row_count:
                yield name

    def violations(
        self,
        patch: Patch,
        granted: frozenset[str] | None,
        at_ms: int,
        offset_min: int,
        random_bytes: RandomBytes,
    ) -> tuple[Violation, ...]:
        """Return the rules that a whole body breaks.

        Args:
            patch: address -> value; of a correction, the merged values as its author knew them.
            granted: purposes agreed to; answers for others were dropped before sealing. None where
                the basis is not consent.
            at_ms: when the device finalized, by its clock.
            offset_min: its offset from UTC.
            random_bytes: for expressions that need it.
        """
        zone = _zone(offset_min)
        return validate_body(
            self.form,
            self._answers(patch),
            self._absent_for(granted),
            clock_now=datetime.fromtimestamp(at_ms / 1000, zone),
            tz=zone,
            random_bytes=random_bytes,
            attachments=self.attachments,
        )

    def _absent_for(self, granted: frozenset[str] | None) -> frozenset[str]:
        """Return fields that are direct or serve no purpose that was agreed to."""
        if granted is None:
            return self.absent
        if granted not in self._absent_by:
            self._absent_by[granted] = self.absent | self._unserved(granted)
        return self._absent_by[granted]

    def _unserved(self, granted: frozenset[str]) -> frozenset[str]:
        """Return fields none of whose purposes was agreed to."""
        if granted not in self._unserved_by:
            self._unserved_by[granted] = frozenset(
                f.path
                for f in self.codebook.fields()
                if (serves := f.purposes or self.codebook.purposes) and granted.isdisjoint(serves)
            )
        return self._unserved_by[granted]

    def not_agreed(self, patch: Patch, agreed: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
        """Return the answers that should have been dropped before sealing (CONS-006).

        Args:
            patch: address -> value.
            agreed: respondent -> purposes agreed to (`granted_purposes`).
        """
        if agreed.keys() == {""}:
            unserved = self._unserved(agreed[""])
            return tuple(a for a in patch if form_path(a) in unserved) if unserved else ()
        return split_answers(patch, self.codebook, agreed).dropped

    def _answers(self, patch: Patch) -> Answers:
        values: list[Answer] = []
        instances: list[tuple[int, int, str]] = []
        for address, value in patch.items():
            if isinstance(value, Deletion) or value is None:
                continue
            if is_instance(address):
                order = value if isinstance(value, int) else 0
                instances.append((address.count("["), order, address))
            else:
                values.append(Answer(address, form_path(address), text_from_value(value)))
        form = self.form
        ordered = tuple(address for _, _, address in sorted(instances))
        return Answers(form.hash, form.id, form.version, tuple(values), ordered)


@lru_cache(maxsize=64)
def _zone(offset_min: int) -> timezone:
    """Return a zone by its offset from UTC: the same object for all records of one place."""
    return timezone(timedelta(minutes=offset_min))


class FormShelf:
    """The published forms, by form key; a form published later is found when first asked for."""

    def __init__(self, mission: Mission) -> None:
        self._mission = mission
        self._by_key: dict[bytes, FormAtHand] = {}
        self._deidentifiers: dict[tuple[bytes, str, str], Deidentifier] = {}

    def codebook(self, key: bytes) -> Codebook:
        """Return a codebook for `decode_body`."""
        return self.by_key(key).codebook

    def by_hash(self, form_hash: bytes) -> FormAtHand:
        """Return a form by its hash.

        Raises:
            UnknownForm: it was not published here.
        """
        return self.by_key(form_key(FormHash(form_hash)))

    def by_key(self, key: bytes) -> FormAtHand:
        """Return a form by the start of its hash.

        Raises:
            UnknownForm: it was not published here.
        """
        if key not in self._by_key:
            self._load(key)
        return self._by_key[key]

    def newest(self, hashes: Iterable[bytes]) -> FormAtHand:
        """Return the newest of several versions of one form: its rules settle conflicts."""
        return max((self.by_hash(one) for one in hashes), key=lambda at_hand: at_hand.serial)

    def deidentifier(self, at_hand: FormAtHand, policy: DeidPolicy) -> Deidentifier:
        """Return what makes analytic rows of a form's records."""
        key = (at_hand.codebook.form_hash, policy.version, policy.purpose)
        if key not in self._deidentifiers:
            plan = make_plan(at_hand.codebook, policy, at_hand.geography)
            pseudonymise = keyed_pseudonyms(self._mission.keychain.pseudonym)
            self._deidentifiers[key] = Deidentifier(plan, pseudonymise)
        return self._deidentifiers[key]

    def _load(self, key: bytes) -> None:
        ring = self._mission.ring()
        with reading(self._mission.stores.records) as session:
            hashes = [
                h for h in session.exec(select(FormRow.form_hash)) if form_key(FormHash(h)) == key
            ]
            if not hashes:
                raise UnknownForm(
                    f"it was filled with a form that was never published here (key {key.hex()})"
                )
            row = session.get_one(FormRow, hashes[0])
            document = decode_form_document(open_document(row.payload, ring).content)
            files: dict[str, bytes] = {}
            for name, digest in document.files.items():
                listed = documents.find_list(session, name, digest)
                if listed is None:
                    raise FormError(f"form {row.form_id} reads {name}, which is not here any more")
                files[name] = open_document(listed.payload, ring).content
            places = dict(files)
            for listed in session.exec(select(ListVersion).order_by(col(ListVersion.serial))):
                if listed.name not in files:
                    places[listed.name] = open_document(listed.payload, ring).content
            serial = row.serial
        form = read_form(document.xform)
        self._by_key[key] = FormAtHand(
            form,
            codebook_of(form),
            serial,
            {name: read_attachment(name, data) for name, data in files.items()},
            read_geography(places) if places else None,
        )
