"""How a question stands, and how far an interview is: plain values for those who show them."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.forms.display import Choice


@dataclass(frozen=True, slots=True)
class NodeState:
    """A question (or group) as it stands: what a widget needs to draw it.

    Attributes:
        kind: the control: input, select1, select, rank, upload, trigger, range, group, repeat, or
            "" for a field nobody is asked; type: the bind type, e.g. int, date, geopoint.
        valid: no broken rule; message: the broken rule's text, "" if valid.
        constraint_message, required_message: the form's texts whether broken or not.
        choices: of a select with choices written in the form or filtered now; else empty.
    """

    path: str
    value: str
    relevant: bool
    required: bool
    readonly: bool
    valid: bool
    message: str
    label: str
    hint: str
    guidance: str
    media: Mapping[str, str]
    appearance: str
    kind: str
    type: str
    choices: tuple[Choice, ...]
    constraint_message: str
    required_message: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an interview is: relevant questions, and those answered."""

    answered: int
    asked: int

    @property
    def fraction(self) -> float:
        """Answered share, 0 to 1."""
        return self.answered / self.asked if self.asked else 1.0
