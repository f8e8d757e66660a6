"""A problem in a form, told so that its author can mend it: where, what, and what to write."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import FormError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an authored form.

    Attributes:
        sheet, row, column: where in the XLSForm; "", 0 and "" where unknown. Rows count from 1.
        what: what is wrong; instead: what to write.
        severity: error (cannot be published) or warning.
        field: the form path it is about, "" if none.
    """

    sheet: str
    row: int
    column: str
    what: str
    instead: str
    severity: str = "error"
    field: str = ""

    def line(self) -> str:
        """Return the problem as one line of text."""
        place = " ".join(
            part
            for part in (
                self.sheet,
                f"row {self.row}" if self.row else "",
                f"column {self.column}" if self.column else "",
                self.field if not self.row else "",
            )
            if part
        )
        what = self.what if self.what.endswith(("?", ".", "!")) else f"{self.what}."
        return f"{self.severity}: {place + ': ' if place else ''}{what} {self.instead}".rstrip()


class FormProblems(FormError):
    """A form cannot be converted; `problems` lists everything found.

    Attributes:
        converted: what comes out where the author's meaning is plain, to look at what lies behind.
    """

    code = "FORM-009"

    def __init__(self, problems: Sequence[Problem], converted: object = None) -> None:
        self.problems = tuple(problems)
        self.converted = converted
        super().__init__("\n".join(problem.line() for problem in self.problems))
