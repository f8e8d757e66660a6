"""How a function family lists what it offers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from shared.forms.xpath.values import Value

if TYPE_CHECKING:
    from shared.forms.xpath.ast import Call
    from shared.forms.xpath.compiler import Compiler
    from shared.forms.xpath.context import Closure

Arity: TypeAlias = tuple[int, int | None]
"""Least and most arguments; None: any number."""


class Function(NamedTuple):
    """A function of evaluated arguments."""

    run: Callable[..., Value]
    arity: Arity


class Special(NamedTuple):
    """A function that builds its own closure."""

    build: Callable[[Compiler, Call], Closure]
    arity: Arity
