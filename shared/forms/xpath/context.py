"""What an expression may look at while it runs: time, chance, other instances, texts."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final, Protocol, TypeAlias

from shared import limits
from shared.clock import RandomBytes
from shared.errors import LimitExceeded
from shared.forms.xpath.faults import EvaluationError
from shared.forms.xpath.node import Kind, Node
from shared.forms.xpath.values import Value, to_text

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def no_random_bytes(_count: int) -> bytes:
    """Refuse to be random where no source was given."""
    raise EvaluationError("this expression needs randomness and none was given")


class ColumnValues(Protocol):
    """One field over all instances of its repeat; what is not relevant is left out."""

    def __len__(self) -> int:
        """Return how many nodes there are."""
        ...

    def texts(self) -> list[str]:
        """Return their texts, in document order."""
        ...

    def numbers(self) -> list[float]:
        """Return their texts as numbers."""
        ...


class ColumnSource(Protocol):
    """Whoever keeps columns of the answers at hand."""

    def of(self, repeat: str, tail: tuple[str, ...]) -> ColumnValues | None:
        """Return the column of a field below a repeat, or None."""
        ...


class Context:
    """Mutable surroundings of one evaluation; reused from one evaluation to the next.

    Attributes:
        current: what `current()` means: the node whose rule runs.
        position: the context position inside a predicate; size: the context size.
        singles: form path -> the one node there, for paths outside repeats.
        columns: fields over all instances of a repeat, for aggregates; None: walk them.
        root: the primary instance's document node.
        text: `jr:itext` by id; choice_name: label of a choice of the select at a path.
        verify: checks (public key, message, signature) by Ed25519, where the device can.
    """

    __slots__ = (
        "choice_name",
        "columns",
        "current",
        "instances",
        "language",
        "now",
        "position",
        "random_bytes",
        "root",
        "singles",
        "size",
        "steps_left",
        "text",
        "variables",
        "verify",
        "zone",
    )

    def __init__(
        self,
        *,
        now: datetime = _EPOCH,
        zone: tzinfo = UTC,
        random_bytes: RandomBytes = no_random_bytes,
        instances: Mapping[str, Node] | None = None,
    ) -> None:
        self.now = now
        self.zone = zone
        self.random_bytes = random_bytes
        self.instances: Mapping[str, Node] = instances or {}
        self.current: Node | None = None
        self.root: Node | None = None
        self.singles: Mapping[str, Node] = {}
        self.columns: ColumnSource | None = None
        self.position = 1
        self.size = 1
        self.steps_left = limits.XPATH_STEPS_MAX
        self.language = ""
        self.variables: Mapping[str, Value] = {}
        self.verify: Callable[[bytes, bytes, bytes], bool] | None = None
        self.text: Callable[[str, Node], str | None] = lambda _id, _node: None
        self.choice_name: Callable[[str, str, Node], str | None] = lambda _v, _p, _n: None

    def spend(self, visits: int) -> None:
        """Count node visits against the limit.

        Raises:
            LimitExceeded: this evaluation has visited too many nodes.
        """
        self.steps_left -= visits
        if self.steps_left < 0:
            raise LimitExceeded(f"an expression visits more than {limits.XPATH_STEPS_MAX} nodes")

    def instance(self, name: str) -> Node:
        """Return a secondary instance's document node.

        Raises:
            EvaluationError: the form has none of that id.
        """
        found = self.instances.get(name)
        if found is None:
            known: Sequence[str] = sorted(self.instances)
            raise EvaluationError(
                f"the form has no instance {name!r}; it has: {', '.join(known) or 'none'}"
            )
        return found


Closure: TypeAlias = Callable[[Context, Node], Value]
"""A compiled expression."""


def nodes_of(value: Value, who: str) -> list[Node]:
    """Return a node-set.

    Raises:
        EvaluationError: the value is not one.
    """
    if not isinstance(value, list):
        raise EvaluationError(f"{who} needs a path to nodes, not the value {to_text(value)!r}")
    return value


NOWHERE: Final = Node(Kind.DOCUMENT, "#nowhere")
"""Stands for the context of an expression that has none."""


def own_text(node: Node) -> str:
    """Return the context node's text, for functions called without an argument.

    Raises:
        EvaluationError: there is no context node.
    """
    if node is NOWHERE:
        raise EvaluationError("a function without argument reads the context, and there is none")
    return node.value()
