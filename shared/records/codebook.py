"""What the rooms behind the form engine need to know of a form: fields by position, class and rule.

A codebook is derived from a Form (shared/forms/codebook.py) and travels nowhere: phone and server
derive the same one from the same XForm bytes, so values can go by position (SEAL-070).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from shared.ids import FormHash


class Disclosure(StrEnum):
    """How much a value tells about who the respondent is."""

    DIRECT = "direct"
    QUASI = "quasi"
    SENSITIVE = "sensitive"
    OPEN = "open"


class Basis(StrEnum):
    """Why a form may be asked at all."""

    CONSENT = "consent"
    KEY_INFORMANT = "key_informant"
    OBSERVATION = "observation"


class Kind(StrEnum):
    """How a value is typed, encoded and compared."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    SELECT_ONE = "select_one"
    SELECT_MULTIPLE = "select_multiple"
    RANK = "rank"
    GEOPOINT = "geopoint"
    GEOTRACE = "geotrace"
    GEOSHAPE = "geoshape"
    ATTACHMENT = "attachment"


@dataclass(frozen=True, slots=True)
class Field:
    """One leaf of the form.

    Attributes:
        path: form path without instance ids, e.g. `/data/member/age`.
        choices: choice names in form order; empty when external or not a select.
        disclosure: effective class, after propagation through expressions.
        generalise: e.g. `age:dtm`, `date:month`, `geo:admin2`, `top:10`; None: class's default.
        merge: review, latest, earliest, max, min, union or restrictive.
        group: fields of one group are written, merged and shown together; None for none.
        purposes: purposes this answer may serve; empty means all of the form's.
        measure: what a number counts (persons, households ...) where it is a measure; else None.
        readonly: computed by the form, never asked.
    """

    path: str
    kind: Kind
    disclosure: Disclosure
    choices: tuple[str, ...] = ()
    generalise: str | None = None
    merge: str = "review"
    group: str | None = None
    purposes: tuple[str, ...] = ()
    measure: str | None = None
    readonly: bool = False

    @property
    def name(self) -> str:
        """The last step of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Scope:
    """The root or one repeat: its own leaf fields in form order, then the repeats inside it."""

    path: str
    fields: tuple[Field, ...]
    repeats: tuple["Scope", ...] = ()

    @property
    def name(self) -> str:
        """The last step of the path."""
        return self.path.rpartition("/")[2]

    def walk(self) -> Iterator["Scope"]:
        """Yield this scope and every one below it, parents first, in form order."""
        pending = [self]
        while pending:
            scope = pending.pop()
            yield scope
            pending.extend(reversed(scope.repeats))


@dataclass(frozen=True, slots=True)
class Codebook:
    """All fields of one form version, by scope and position."""

    form_id: str
    version: str
    form_hash: FormHash
    title: str
    basis: Basis
    purposes: tuple[str, ...]
    root: Scope

    def scopes(self) -> Iterator[Scope]:
        """Yield every scope, root first."""
        return self.root.walk()

    def fields(self) -> Iterator[Field]:
        """Yield every field of every scope."""
        for scope in self.scopes():
            yield from scope.fields

    def field_map(self) -> dict[str, Field]:
        """Return fields by form path."""
        return {field.path: field for field in self.fields()}
