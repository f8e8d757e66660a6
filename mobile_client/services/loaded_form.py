"""A form as this device uses it: compiled, with its codebook and the files it reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mobile_client.presenters.rows import FormRow
from mobile_client.presenters.views import Language
from mobile_client.services.languages import language_of
from shared.forms.codebook import codebook_of, consent_path
from shared.forms.definition import Form, Shape
from shared.forms.xpath.tables import Instance
from shared.records.codebook import Basis, Codebook, Disclosure

AGREES: Final = "informant_agrees"
"""The question by which a key informant agrees, on a form of that basis."""


@dataclass(frozen=True, slots=True)
class LoadedForm:
    """One form version, ready to be asked.

    Attributes:
        files: the secondary instances that come beside the form, by file name.
        direct: form paths of what is sealed to the custodian.
        notice_group: form path of the group that holds the notice; "" where nobody is asked.
        notice_fields: the questions in that group, by name, in form order.
        order: form path -> place in form order.
    """

    form: Form
    codebook: Codebook
    files: Mapping[str, Instance]
    direct: frozenset[str]
    notice_group: str
    notice_fields: Mapping[str, str]
    order: Mapping[str, int]

    @property
    def languages(self) -> tuple[Language, ...]:
        """The form's languages, in its order."""
        return tuple(language_of(name) for name in self.form.languages)

    def row(self) -> FormRow:
        """Return the form's line on the home screen."""
        form = self.form
        basis = self.codebook.basis.value
        return FormRow(form.id, form.title or form.id, form.version, basis, self.languages)


def loaded_form(form: Form, files: Mapping[str, Instance]) -> LoadedForm:
    """Derive what the client needs of a compiled form."""
    codebook = codebook_of(form)
    group = _notice_group(form, codebook)
    return LoadedForm(
        form=form,
        codebook=codebook,
        files=files,
        direct=frozenset(f.path for f in codebook.fields() if f.disclosure is Disclosure.DIRECT),
        notice_group=group,
        notice_fields={
            field.name: field.path
            for field in form.fields.values()
            if group and field.shape is Shape.VALUE and field.path.startswith(group + "/")
        },
        order={path: place for place, path in enumerate(form.fields)},
    )


def _notice_group(form: Form, codebook: Codebook) -> str:
    """Return the consent group, or the group in which a key informant agrees (CONS-002, 008)."""
    if codebook.basis is Basis.CONSENT:
        return consent_path(form) or ""
    if codebook.basis is Basis.KEY_INFORMANT:
        for field in form.fields.values():
            if field.name == AGREES and field.shape is Shape.VALUE:
                return field.path.rpartition("/")[0]
    return ""
