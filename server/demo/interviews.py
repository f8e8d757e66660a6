"""From a task to a filled interview: the real engine answers, question by question.

The answers are made before any device sees them, so that the demonstration knows the truth apart
from the system that is to reproduce it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from server.demo.people import Answer, answers_for
from server.demo.plan import Outcome, Task
from shared.forms.codebook import codebook_of
from shared.forms.definition import Form
from shared.forms.interview import Interview
from shared.forms.respondent import Chosen, Question, Respondent, without_positions
from shared.forms.sources import read_attachment
from shared.forms.xform import read_form
from shared.forms.xlsform import convert
from shared.forms.xpath.tables import Instance
from shared.records.codebook import Codebook, Disclosure


@dataclass(frozen=True, slots=True)
class ShippedForm:
    """A form of `forms/` ready to be filled."""

    form: Form
    codebook: Codebook
    attachments: Mapping[str, Instance]

    def paths(self) -> dict[str, str]:
        """Return question and repeat names -> form paths."""
        scopes = {scope.name: scope.path for scope in self.codebook.scopes()}
        return scopes | {field.name: field.path for field in self.codebook.fields()}


@dataclass(frozen=True, slots=True)
class Filled:
    """One interview's answers.

    Attributes:
        asked: path with positions -> text, for every question the respondent was asked.
        truth: path with positions -> text, for every relevant field that is not direct.
    """

    asked: Mapping[str, str]
    truth: Mapping[str, str]


def read_shipped(folder: Path, name: str) -> ShippedForm:
    """Convert and read one of the shipped forms with the files beside it."""
    form = read_form(convert(folder / f"{name}.xlsx").xform)
    attachments = {
        file.name: read_attachment(file.name, file.read_bytes())
        for file in sorted((folder / "media").iterdir())
        if file.suffix in (".csv", ".geojson")
    }
    return ShippedForm(form, codebook_of(form), attachments)


def fill(task: Task, shipped: ShippedForm, seed: int, now: datetime) -> Filled:
    """Answer one task's form to the end, as its people would.

    A refusal ends with the consent group; an interview to be abandoned is answered in full here
    and given up half-way by the device.
    """
    rng = Random(f"fill/{seed}/{task.key}")
    interview = Interview(
        shipped.form,
        clock_now=now,
        tz=UTC,
        random_bytes=rng.randbytes,
        attachments=shipped.attachments,
    )
    decided = answers_for(task, seed, now.date())
    Respondent(interview, rng, _by_path(decided, shipped)).answer_to_end()
    if task.outcome is Outcome.REFUSED:
        return Filled(_asked(interview, shipped), {})
    interview.finalize()
    return Filled(_asked(interview, shipped), _truth(interview, shipped))


def revise(
    filled: Filled, changes: Mapping[str, str], shipped: ShippedForm, now: datetime
) -> Filled:
    """Give the same answers again with some changed: what a correction leads to."""
    rng = Random(repr(sorted(changes.items())))
    interview = Interview(
        shipped.form,
        clock_now=now,
        tz=UTC,
        random_bytes=rng.randbytes,
        attachments=shipped.attachments,
    )
    repeats = {scope.path for scope in shipped.codebook.scopes()}
    for path, text in {**filled.asked, **changes}.items():
        _ensure_instances(interview, path, repeats)
        interview.set(path, text)
    interview.finalize()
    return Filled(_asked(interview, shipped), _truth(interview, shipped))


def _ensure_instances(interview: Interview, path: str, repeats: set[str]) -> None:
    """Add repeat instances until `path` exists."""
    so_far = ""
    for step in path.split("/")[1:]:
        name, _, position = step.partition("[")
        repeat = f"{so_far}/{name}"
        if without_positions(repeat) in repeats and position:
            while interview.count(repeat) < int(position.rstrip("]")):
                interview.add_repeat(repeat)
        so_far = f"{so_far}/{step}"


def _by_path(decided: Mapping[str, Answer], shipped: ShippedForm) -> Chosen:
    paths = shipped.paths()
    return {paths[name]: _chosen(value) for name, value in decided.items() if name in paths}


def _chosen(value: Answer) -> str | int | Callable[[Question], str | int]:
    if not callable(value):
        return value

    def by_question(question: Question) -> str | int:
        return value(question.positions)

    return by_question


def _values(interview: Interview) -> Mapping[str, str]:
    """Return path with positions -> text of all relevant answers."""
    answers = interview.answers()
    ordinals: dict[str, int] = {}
    seen: dict[str, int] = {}
    for address in answers.instances:
        family = address.rpartition("[")[0]
        seen[family] = seen.get(family, 0) + 1
        ordinals[address] = seen[family]
    return {_positional(a.address, ordinals): a.text for a in answers.values}


def _positional(address: str, ordinals: Mapping[str, int]) -> str:
    steps: list[str] = []
    so_far = ""
    for step in address.split("/")[1:]:
        so_far = f"{so_far}/{step}"
        name = step.partition("[")[0]
        steps.append(f"{name}[{ordinals[so_far]}]" if so_far in ordinals else name)
    return "/" + "/".join(steps)


def _asked(interview: Interview, shipped: ShippedForm) -> dict[str, str]:
    fields = shipped.codebook.field_map()
    found = {}
    for path, text in _values(interview).items():
        field = fields.get(without_positions(path))
        if field is not None and not field.readonly:
            found[path] = text
    return found


def _truth(interview: Interview, shipped: ShippedForm) -> dict[str, str]:
    fields = shipped.codebook.field_map()
    found = {}
    for path, text in _values(interview).items():
        field = fields.get(without_positions(path))
        if field is not None and field.disclosure is not Disclosure.DIRECT:
            found[path] = text
    return found
