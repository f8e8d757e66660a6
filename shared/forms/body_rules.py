"""Which of a form's rules a holder of the body alone can judge: those that read no absent field."""

import re
from collections.abc import Callable, Collection
from typing import Final

from shared.forms.definition import Form, Shape
from shared.forms.dependency import Graph
from shared.forms.references import Reference

LIST: Final = "list:"
"""Before an instance's id among the absent: a list that only the device has (LIST-033)."""


class BodyRules:
    """Which rules a holder of the body alone can judge: those that read no absent field."""

    def __init__(
        self,
        form: Form,
        graph: Graph,
        references: Callable[[str, str], tuple[Reference, ...]],
        absent: frozenset[str],
    ) -> None:
        """Work out what the absent fields reach.

        Args:
            form: whose rules these are.
            graph: its rules.
            references: what an expression reads when it runs at a path.
            absent: form paths of the fields sealed elsewhere, and `list:` ids of instances that
                are not here.
        """
        self._form = form
        self._graph = graph
        self._references = references
        self._absent = absent
        lists = sorted(re.escape(one.removeprefix(LIST)) for one in absent if one.startswith(LIST))
        named = rf"\b(?:instance|pulldata)\s*\(\s*['\"](?:{'|'.join(lists)})['\"]"
        self._reads_list = re.compile(named).search if lists else lambda _: None
        self._tainted = self._spread()
        self._verdicts: dict[tuple[str, str], bool] = {}

    def _spread(self) -> frozenset[str]:
        """Return the absent fields and all whose value or relevance comes from them."""
        tainted = set(self._absent)
        changed = True
        while changed:
            changed = False
            for rule in self._graph.rules:
                if rule.target in tainted:
                    continue
                if self._reads_list(rule.expression) or any(
                    self._reads(reference.path, tainted) for reference in rule.references
                ):
                    tainted.add(rule.target)
                    changed = True
        return frozenset(tainted)

    def _reads(self, path: str, tainted: Collection[str]) -> bool:
        """Tell whether a path is, holds or lies below a tainted one."""
        if _is_within(path, tainted):
            return True
        field = self._form.fields.get(path)
        if field is None or field.shape is not Shape.GROUP:
            return False
        return any(one.startswith(path + "/") for one in tainted)

    def skips(self, path: str, expression: str) -> bool:
        """Tell whether a rule at a field cannot be judged here."""
        if not self._absent:
            return False
        key = path, expression
        known = self._verdicts.get(key)
        if known is None:
            references = self._references(expression, path) if expression else ()
            # A group that merely holds an absent field can be judged: its rule does not read it.
            known = (
                _is_within(path, self._tainted)
                or self._reads_list(expression) is not None
                or any(self._reads(reference.path, self._tainted) for reference in references)
            )
            self._verdicts[key] = known
        return known


def _is_within(path: str, tainted: Collection[str]) -> bool:
    """Tell whether a path is, or lies below, a tainted one."""
    while path:
        if path in tainted:
            return True
        path = path.rpartition("/")[0]
    return False
