"""A form with its expressions compiled: what all interviews of that form share.

Closures are made when first needed; the rule graph is built here once.
"""

from collections.abc import Collection, Mapping

from shared.errors import FormError
from shared.forms.body_rules import BodyRules
from shared.forms.definition import Control, Field, Form, Secondary
from shared.forms.dependency import (
    CALCULATE,
    CHOICES,
    COUNT,
    RELEVANT,
    Graph,
    Rule,
    build_graph,
)
from shared.forms.references import Reference, ReferenceFinder
from shared.forms.resting import Resting
from shared.forms.xpath.compiler import Compiler, Static
from shared.forms.xpath.context import Closure
from shared.forms.xpath.faults import ExpressionError
from shared.forms.xpath.node import Node
from shared.forms.xpath.tables import Instance, Table
from shared.forms.xpath.xmltree import parse_xml


class Program:
    """Everything about a form that does not change while it is filled.

    Attributes:
        graph: rules, their order and their readers.
        controls: form path -> the control bound to it (the first, if several).
        rules_under: repeat path -> rules whose targets lie inside its instances.
        resting: what its still rules come to on a fresh interview, where a cache kept that.
        body_plans: absent fields -> how bodies without them are judged; body_plan.py fills it.
    """

    def __init__(
        self, form: Form, graph: Graph | None = None, resting: Resting | None = None
    ) -> None:
        """Build from a form; `graph` is the one a cache kept, so nothing is parsed now."""
        self.form = form
        self.resting = resting or Resting()
        self.compiler = Compiler(
            Static(namespaces=form.namespaces, form=True, repeats=form.repeats)
        )
        self._finder = ReferenceFinder(form.fields)
        self.controls: dict[str, Control] = {}
        self.repeat_controls: dict[str, Control] = {}
        self._collect_controls()
        self.graph = self._build_graph() if graph is None else graph
        self.rules_under: dict[str, list[Rule]] = {
            repeat: [rule for rule in self.graph.rules if _runs_inside(rule, repeat)]
            for repeat in form.repeats
        }
        self.body_plans: dict[frozenset[str], object] = {}
        self._body_rules: dict[frozenset[str], BodyRules] = {}
        self.self_feeding = self.graph.self_feeding()
        self._instances: dict[str, Instance] = {}

    @classmethod
    def for_expressions(cls, form: Form) -> "Program":
        """Return a program without rules, to compile one expression after another."""
        return cls(form, Graph((), (), {}))

    def _collect_controls(self) -> None:
        stack = list(reversed(self.form.controls))
        while stack:
            control = stack.pop()
            if control.kind == "repeat":
                self.repeat_controls[control.ref] = control
            elif control.ref:
                self.controls.setdefault(control.ref, control)
            stack.extend(reversed(control.children))

    def is_asked(self, path: str) -> bool:
        """Tell whether somebody answers a field: rules of others can be met by nobody."""
        return path in self.controls

    def _build_graph(self) -> Graph:
        rules: list[Rule] = []

        def add(kind: str, target: str, expression: str, context: str) -> None:
            references = self._references(expression, context, f"{target} ({kind})")
            rules.append(Rule(len(rules), kind, target, expression, references))

        for field in self.form.fields.values():
            if field.relevant and field.relevant not in ("true()", "1"):
                add(RELEVANT, field.path, field.relevant, field.path)
            if field.calculate:
                add(CALCULATE, field.path, field.calculate, field.path)
            control = self.repeat_controls.get(field.path)
            if control is not None and control.count:
                bare = control.count[0].isalpha() and "/" not in control.count
                around = field.path.rpartition("/")[0]
                add(COUNT, field.path, control.count, around if bare else field.path)
            select = self.controls.get(field.path)
            if select is not None and select.itemset is not None:
                add(CHOICES, field.path, select.itemset.nodeset, field.path)
                if not rules[-1].references:
                    rules.pop()
        return build_graph(self.form, rules)

    def _references(self, expression: str, context: str, who: str) -> tuple[Reference, ...]:
        try:
            return self._finder.references(self.compiler.tree(expression), context)
        except ExpressionError as error:
            raise ExpressionError(f"{who}: {error.message}") from error

    def references(self, expression: str, context: str) -> tuple[Reference, ...]:
        """Return the paths an expression reads when it runs at `context`."""
        return self._finder.references(self.compiler.tree(expression), context)

    def closure(self, expression: str) -> Closure:
        """Return a compiled expression."""
        return self.compiler.compile(expression)

    def body_rules(self, absent: Collection[str]) -> BodyRules:
        """Return which rules can be judged without the absent fields; worked out once."""
        key = frozenset(absent)
        known = self._body_rules.get(key)
        if known is None:
            known = self._body_rules[key] = BodyRules(self.form, self.graph, self.references, key)
        return known

    def check_expressions(self) -> list[tuple[Field, str, FormError]]:
        """Compile everything and return what fails as (field, which attribute, error)."""
        failures: list[tuple[Field, str, FormError]] = []
        for field in self.form.fields.values():
            for kind in ("relevant", "required", "readonly", "constraint", "calculate"):
                expression = getattr(field, kind)
                if not expression:
                    continue
                try:
                    self.closure(expression)
                except FormError as error:
                    failures.append((field, kind, error))
        return failures

    def instance(self, name: str, attachments: Mapping[str, Instance]) -> Instance | None:
        """Return a secondary instance: attached, inline, or None if the form has none of it."""
        definition = self.form.instances.get(name)
        if definition is None:
            return attachments.get(name)
        if definition.source and (attached := _attached(definition, attachments)) is not None:
            return attached
        known = self._instances.get(name)
        if known is None:
            known = self._instances[name] = _make_instance(definition)
        return known


def _runs_inside(rule: Rule, repeat: str) -> bool:
    """Tell whether a rule's nodes lie in instances of a repeat; its own count stands outside."""
    if rule.target == repeat:
        return rule.kind != COUNT
    return rule.target.startswith(repeat + "/")


def _attached(definition: Secondary, attachments: Mapping[str, Instance]) -> Instance | None:
    file_name = definition.source.rpartition("/")[2]
    return attachments.get(file_name) or attachments.get(definition.id)


def _make_instance(definition: Secondary) -> Instance:
    if definition.table is not None:
        root_name, item_name, columns = definition.table
        return Table(root_name, item_name, columns)
    top = Instance()
    if definition.xml:
        content: Node = parse_xml(definition.xml, what=f"instance {definition.id!r}").kids[0]
        top.append(content)
    return top


_RECENT_MAX = 16
_recent: dict[str, Program] = {}


def program_of(form: Form) -> Program:
    """Return the form's program, shared by all its interviews; the most recent few are kept."""
    known = _recent.get(form.hash)
    return known if known is not None and known.form is form else remember(Program(form))


def remember(program: Program) -> Program:
    """Keep a program for `program_of`, dropping the oldest when there are too many."""
    _recent.pop(program.form.hash, None)
    while len(_recent) >= _RECENT_MAX:
        del _recent[next(iter(_recent))]
    _recent[program.form.hash] = program
    return program
