"""What a person reads: labels, hints, messages and choices, in the interview's language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shared import limits
from shared.errors import FormError, LimitExceeded
from shared.forms.answer_node import AnswerNode
from shared.forms.definition import Control, Form, Itemset, Label, Output, Pieces
from shared.forms.instance import Tree
from shared.forms.program import Program
from shared.forms.xform_body import resolve
from shared.forms.xpath.context import Context
from shared.forms.xpath.faults import EvaluationError
from shared.forms.xpath.node import Node
from shared.forms.xpath.tables import TableRoot
from shared.forms.xpath.values import to_text

MEDIA_FORMS: Final = ("image", "big-image", "audio", "video")
_ITEXT: Final = re.compile(r"""\s*jr:itext\(\s*(?:'([^']*)'|"([^"]*)")\s*\)\s*""")
_ITEXT_CHILD: Final = re.compile(r"\s*jr:itext\(\s*([\w.\-]+)\s*\)\s*")
_CHILD: Final = re.compile(r"[\w.\-]+")


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as shown, with its guidance and media (form -> `jr://images/...`)."""

    text: str = ""
    guidance: str = ""
    short: str = ""
    media: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a select: what is stored, what is read, and its media."""

    value: str
    label: str
    media: Mapping[str, str] = field(default_factory=dict)


EMPTY: Final = Shown()


class Display:
    """Renders the texts of one interview; `language` may change at any time."""

    def __init__(self, program: Program, tree: Tree, context: Context, language: str) -> None:
        self._program = program
        self._form: Form = program.form
        self._tree = tree
        self._context = context
        self.language = language
        context.language = language
        context.text = self.text_of_id
        context.choice_name = self.choice_name

    def set_language(self, language: str) -> None:
        """Use another language from now on; dates and `jr:itext` follow."""
        self.language = language
        self._context.language = language

    def known_language(self, language: str) -> str:
        """Return the form's name for a language: `French (fr)` also answers to `fr`.

        Raises:
            FormError: the form does not have it.
        """
        languages = self._form.languages
        for name in languages:
            if language in (name, name.partition("(")[0].strip()) or f"({language})" in name:
                return name
        if not languages:
            return ""
        raise FormError(f"the form has no language {language!r}; it has {', '.join(languages)}")

    # ---- texts

    def shown(self, label: Label | None, node: Node) -> Shown:
        """Return a label as read at a node."""
        if label is None:
            return EMPTY
        if not label.reference:
            return Shown(text=self._render(label.pieces, node))
        match = _ITEXT.fullmatch(label.reference)
        if match is None:
            return Shown(text=self.evaluate_text(label.reference, node))
        return self._shown_id(match[1] or match[2] or "", node)

    def message(self, label: Label | None, node: Node) -> str:
        """Return the text of a rule's message, "" if it has none."""
        return self.shown(label, node).text

    def _shown_id(self, name: str, node: Node) -> Shown:
        forms = self._forms(name)
        if forms is None:
            return Shown(text=f"[itext:{name}]")
        media = {
            kind: self._render(forms[kind], node).strip() for kind in MEDIA_FORMS if kind in forms
        }
        plain = forms.get("") or forms.get("long") or ()
        return Shown(
            text=self._render(plain, node),
            guidance=self._render(forms.get("guidance", ()), node),
            short=self._render(forms.get("short", ()), node),
            media=media,
        )

    def _forms(self, name: str) -> Mapping[str, Pieces] | None:
        """Return a text's forms in the language, else in the default language."""
        for language in (self.language, self._form.default_language):
            found = self._form.itext.get(language, {}).get(name)
            if found is not None:
                return found
        return None

    def text_of_id(self, name: str, node: Node) -> str | None:
        """Return an itext value for `jr:itext`, or None if the form has none of that id."""
        forms = self._forms(name)
        if forms is None:
            return None
        return self._render(forms.get("") or forms.get("long") or forms.get("short") or (), node)

    def _render(self, pieces: Pieces, node: Node) -> str:
        if len(pieces) == 1 and isinstance(pieces[0], str):
            return pieces[0]
        return "".join(
            self.evaluate_text(piece.expression, node) if isinstance(piece, Output) else piece
            for piece in pieces
        )

    def evaluate_text(self, expression: str, node: Node) -> str:
        """Return an expression's value as text at a node."""
        context = self._context
        outer = context.current
        context.current = node
        context.steps_left = limits.XPATH_STEPS_MAX
        try:
            return to_text(self._program.closure(expression)(context, node))
        finally:
            context.current = outer

    # ---- choices

    def choices(self, control: Control, node: AnswerNode) -> list[Choice]:
        """Return a select's choices as they stand for one node, in order."""
        if control.itemset is None:
            return [
                self._static_choice(control, place, node) for place in range(len(control.items))
            ]
        items = self.choice_nodes(control.itemset, node)
        return [self._choice(control.itemset, item) for item in items]

    def _static_choice(self, control: Control, place: int, node: Node) -> Choice:
        item = control.items[place]
        shown = self.shown(item.label, node)
        return Choice(item.value, shown.text, shown.media)

    def choice_nodes(self, itemset: Itemset, node: AnswerNode) -> list[Node]:
        """Return the nodes an itemset's filter leaves.

        Raises:
            LimitExceeded: more than the limit.
        """
        context = self._context
        outer = context.current
        context.current = node
        context.steps_left = limits.XPATH_STEPS_MAX
        try:
            found = self._program.closure(itemset.nodeset)(context, node)
        finally:
            context.current = outer
        if not isinstance(found, list):
            return []
        if len(found) > limits.CHOICES_MAX:
            raise LimitExceeded(f"a select has more than {limits.CHOICES_MAX} choices")
        return found

    def _choice(self, itemset: Itemset, item: Node) -> Choice:
        value = self._part(itemset.value, item)
        match = _ITEXT_CHILD.fullmatch(itemset.label)
        if match is None:
            return Choice(value, self._part(itemset.label, item))
        child = item.child(match[1])
        if child is None:
            return Choice(value, value)
        shown = self._shown_id(child.value(), item)
        return Choice(value, shown.text, shown.media)

    def _part(self, reference: str, item: Node) -> str:
        """Return a choice's value or label: nearly always the text of one child."""
        if _CHILD.fullmatch(reference):
            child = item.child(reference)
            if child is None and isinstance(item.parent, TableRoot):
                has = ", ".join(kid.name for kid in item.elements())
                raise EvaluationError(f"the choices have no column {reference!r}; they have: {has}")
            return "" if child is None else child.value()
        return self.evaluate_text(reference, item)

    def available_values(self, node: AnswerNode) -> dict[str, None]:
        """Return the values a select with an itemset offers at a node, in order."""
        itemset = self._program.controls[node.field.path].itemset
        if itemset is None:
            return {}
        items = self.choice_nodes(itemset, node)
        return dict.fromkeys(self.choice_value(itemset, item) for item in items)

    def choice_value(self, itemset: Itemset, item: Node) -> str:
        """Return what choosing this node stores."""
        return self._part(itemset.value, item)

    def choice_name(self, value: str, path: str, node: Node) -> str | None:
        """Return the label of a choice of the select at `path`, for `jr:choice-name`."""
        here: Node | None = self._context.current or node
        while here is not None and not isinstance(here, AnswerNode):
            here = here.parent
        if here is None:
            return None
        target = resolve(path, here.field.path)
        control = self._program.controls.get(target)
        if control is None:
            raise EvaluationError(f"jr:choice-name() names {path!r}, where there is no question")
        at = self._nearest(here, target)
        for choice in self.choices(control, at):
            if choice.value == value:
                return choice.label
        return None

    def _nearest(self, node: AnswerNode, path: str) -> AnswerNode:
        """Return the node at a form path that shares most repeat instances with `node`."""
        above: Node | None = node
        while isinstance(above, AnswerNode):
            prefix = above.field.path
            if path == prefix or path.startswith(prefix + "/"):
                here = above
                for name in path[len(prefix) :].strip("/").split("/"):
                    found = here.child(name) if name else here
                    if not isinstance(found, AnswerNode):
                        return node
                    here = found
                return here
            above = above.parent
        return node
