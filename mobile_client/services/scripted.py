"""An open interview as a script drives it: many answers at once, or a made-up respondent's.

For answers that lie in a file, in demonstrations and in training. The rules are those of the
screen: nothing past the notice before consent is in force.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from mobile_client.presenters.views import ConsentGiven
from mobile_client.services.filling import Filling
from mobile_client.services.paradata import Step, step
from mobile_client.services.questions import form_path
from shared.forms.respondent import Dice, Respondent
from shared.forms.screens import Screen

_INSTANCE: Final = re.compile(r"\[(\d{1,5})\]")

Pairs = list[tuple[str, str]]


class ScriptedFilling(Filling):
    """What a script may do beyond a screen."""

    def parted(self, answers: Iterable[tuple[str, str]]) -> tuple[Pairs, Pairs]:
        """Part answers into those up to the end of the notice, and those after it."""
        group, order = self._loaded.notice_group, self._loaded.order
        before: Pairs = []
        after: Pairs = []
        for path, text in answers:
            here = form_path(path)
            early = group and (here.startswith(group + "/") or order.get(here, 0) < order[group])
            (before if early else after).append((path, text))
        return before, after

    def consent_as_answered(self) -> bool:
        """Take the decision that the answers under the notice already say."""
        return self.consent(ConsentGiven())

    def to_notice(self) -> None:
        """Go to the notice."""
        if self._loaded.notice_group:
            first = next(iter(self._loaded.notice_fields.values()))
            self._interview.goto(first)

    def answer_at_random(self, dice: Dice, *, until_notice: bool) -> None:
        """Let a made-up respondent answer up to the notice, or from where it stands to the end."""
        respondent = Respondent(self._interview, dice)
        if until_notice:
            engine = self._interview.at()
            while not self._gate.at(engine, self._draft) and engine.kind != "end":
                respondent.answer_screen(engine)
                self._interview.next()
                engine = self._interview.at()
        else:
            self._settle(forward=True)
            if self._interview.at().kind not in ("start", "end"):
                respondent.answer_screen(self._interview.at())
            respondent.answer_to_end()
        self._save(Step.LEFT)

    def fill(self, answers: Iterable[tuple[str, str]]) -> None:
        """Write many answers at once, given in form order, making repeat instances as they come.

        For answers that already lie in a file: they are saved together at the end.
        """
        self._tick()
        trail = self._draft.paradata
        for path, text in answers:
            self._gate.check(path, self._draft)
            self._make_room(path)
            self._interview.set(path, text)
            trail = step(trail, self._draft.started_ms, self._now_ms(), Step.ANSWERED, path)
        self._draft = replace(self._draft, paradata=trail)
        self._save(Step.LEFT)

    def _make_room(self, path: str) -> None:
        """Add repeat instances until the one a path names is there."""
        for match in _INSTANCE.finditer(path):
            repeat, place = path[: match.start()], int(match[1])
            for _ in range(self._interview.count(repeat), place):
                self._interview.add_repeat(repeat)

    def answer_one_at_random(self, path: str, dice: Dice) -> None:
        """Let a made-up respondent answer one question."""
        Respondent(self._interview, dice).answer_screen(Screen("question", path, (path,)))
        self._save(Step.ANSWERED, path)
