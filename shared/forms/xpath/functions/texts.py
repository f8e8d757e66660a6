"""Functions that read the form's own texts: jr:itext and jr:choice-name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.forms.xpath.context import Closure, Context
from shared.forms.xpath.functions.registry import Function, Special
from shared.forms.xpath.node import Node
from shared.forms.xpath.values import Value, to_text

if TYPE_CHECKING:
    from shared.forms.xpath.ast import Call
    from shared.forms.xpath.compiler import Compiler


def _itext(context: Context, node: Node, value: Value) -> str:
    """Return a text in the current language; an unknown id reads as itself in brackets."""
    name = to_text(value).strip()
    found = context.text(name, node)
    return f"[itext:{name}]" if found is None else found


def _build_choice_name(compiler: Compiler, call: Call) -> Closure:
    """Return the label of a choice; the select's path is text, padded by pyxform with spaces."""
    value, path = (compiler.closure(part) for part in call.arguments)

    def choice_name(context: Context, node: Node) -> Value:
        wanted = to_text(value(context, node))
        if not wanted:
            return ""
        found = context.choice_name(wanted, to_text(path(context, node)).strip(), node)
        return "" if found is None else found

    return choice_name


FUNCTIONS: Final = {"jr:itext": Function(_itext, (1, 1))}
SPECIAL: Final = {"jr:choice-name": Special(_build_choice_name, (2, 2))}
