"""The repeat instances of one interview: how many there are, and who may add or remove one."""

from collections.abc import Callable

from shared.errors import FormError
from shared.forms.answer_node import AnswerNode, position_path
from shared.forms.definition import Control, Shape
from shared.forms.instance import Tree
from shared.forms.program import Program
from shared.forms.recompute import Recomputer
from shared.forms.validate import Validator


class Repeats:
    """Adds, removes and counts repeat instances.

    Attributes:
        leave: called with an instance that is about to go.
    """

    def __init__(
        self,
        program: Program,
        tree: Tree,
        recomputer: Recomputer,
        validator: Validator,
        settle: Callable[[], None],
    ) -> None:
        self._program = program
        self._tree = tree
        self._recomputer = recomputer
        self._validator = validator
        self._settle = settle
        self.leave: Callable[[AnswerNode], None] = lambda _instance: None

    def count(self, path: str) -> int:
        """Return how many instances a repeat has."""
        parent, name = self._parent(path)
        return len(parent.index.get(name, ()))

    def instances(self, path: str) -> tuple[str, ...]:
        """Return the paths of a repeat's instances."""
        parent, name = self._parent(path)
        nodes = parent.index.get(name, ())
        return tuple(position_path(node) for node in nodes if isinstance(node, AnswerNode))

    def add(self, path: str) -> str:
        """Add an instance at the end of a repeat and return its path.

        Raises:
            FormError: the form fixes the number of instances.
        """
        parent, name = self._parent(path)
        target = f"{parent.field.path}/{name}"
        control = self._program.repeat_controls.get(target)
        if control is not None and not self.can_add(control, parent):
            raise FormError(f"the form decides how many {name} there are; none can be added here")
        instance = self._recomputer.add(parent, target)
        self._settle()
        return position_path(instance)

    def remove(self, path: str) -> None:
        """Remove one instance.

        Raises:
            FormError: not a repeat instance, or the form fixes their number.
        """
        node = self._tree.find(path)
        if not node.repeat:
            raise FormError(f"{path} is not an instance of a repeat")
        control = self._program.repeat_controls.get(node.repeat)
        if control is not None and (control.fixed or control.count):
            raise FormError(f"the form decides how many {node.name} there are; none can be removed")
        self.leave(node)
        self._recomputer.remove(node)
        self._settle()

    def can_add(self, control: Control, parent: AnswerNode) -> bool:
        """Tell whether an enumerator may add an instance there."""
        if control.count or control.fixed or not parent.relevant:
            return False
        field = self._program.form.fields[control.ref]
        if not field.relevant:
            return True
        probe = AnswerNode(field)
        probe.parent = parent
        return self._validator.holds(field.relevant, probe)

    def grow(self, control: Control, parent: AnswerNode) -> None:
        """Add an instance where a count that depends on its own repeat asks for one more."""
        if control.ref in self._program.self_feeding:
            self._recomputer.grow(control.ref, parent)
            self._settle()

    def fill_fixed(self) -> None:
        """Give a repeat nobody may add to one instance, where the form ships none."""
        for path, control in self._program.repeat_controls.items():
            if control.fixed and not control.count:
                parent = self._tree.singles.get(path.rpartition("/")[0])
                if isinstance(parent, AnswerNode) and not parent.children(path.rpartition("/")[2]):
                    self._recomputer.add(parent, path)

    def _parent(self, path: str) -> tuple[AnswerNode, str]:
        parent_path, _, name = path.rpartition("/")
        name = name.partition("[")[0]
        parent = self._tree.find(parent_path)
        field = self._program.form.fields.get(f"{parent.field.path}/{name}")
        if field is None or field.shape is not Shape.REPEAT:
            raise FormError(f"{path} is not a repeat of this form")
        return parent, name
