"""One interview's answers into two halves: body for the server, identity for the custodian (P5).

A field the form does not know counts as direct, so forgetting to classify leaks nothing. A field
none of whose purposes was agreed to is dropped before anything is sealed (CONS-006).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from shared.errors import ConsentMissing
from shared.records.address import enclosing_instances, form_path, is_instance
from shared.records.codebook import Basis, Codebook, Disclosure, Field
from shared.records.consent import Consent
from shared.records.revision import Deletion, Patch, Value


class Split(NamedTuple):
    """A patch in two halves, and the addresses left out for want of consent."""

    body: dict[str, Value | Deletion]
    identity: dict[str, Value | Deletion]
    dropped: tuple[str, ...]


def granted_purposes(consents: Iterable[Consent]) -> dict[str, frozenset[str]]:
    """Return respondent address -> purposes agreed to; "" is the record's only respondent."""
    return {consent.respondent: consent.granted() for consent in consents}


def split_answers(
    answers: Patch, codebook: Codebook, granted: Mapping[str, Collection[str]] | None
) -> Split:
    """Return the body's and the identity's part of `answers`.

    Args:
        answers: address -> value, instances and deletions included.
        codebook: of the form that was filled.
        granted: `granted_purposes` of the record's consents; None where the basis is not consent.

    Raises:
        ConsentMissing: the form's basis is consent and `granted` is None.
    """
    if granted is None and codebook.basis is Basis.CONSENT:
        raise ConsentMissing("this form asks for consent, and none was recorded")
    fields = codebook.field_map()
    repeats = {scope.path for scope in codebook.scopes()}
    split = Split({}, {}, ())
    dropped: list[str] = []
    for address, value in answers.items():
        path = form_path(address)
        field = fields.get(path)
        if field is not None and not is_instance(address):
            if granted is not None and not _agreed(field, codebook, address, granted):
                dropped.append(address)
                continue
            direct = field.disclosure is Disclosure.DIRECT
        else:
            # A repeat instance says that something exists, not what: it belongs to the body.
            direct = path not in repeats
        (split.identity if direct else split.body)[address] = value
    return split._replace(dropped=tuple(dropped))


def _agreed(
    field: Field, codebook: Codebook, address: str, granted: Mapping[str, Collection[str]]
) -> bool:
    """Tell whether the respondent whom `address` is about agreed to a purpose of the field."""
    purposes = field.purposes or codebook.purposes
    respondent = ""
    for instance in enclosing_instances(address):
        if instance in granted:
            respondent = instance
    agreed = granted.get(respondent, ())
    return not purposes or any(purpose in agreed for purpose in purposes)
