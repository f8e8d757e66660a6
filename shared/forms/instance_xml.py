"""ODK instance XML -> answers. Writing is in answers.py.

Instances that Collect, Kobo, Enketo and Central write carry no instance ids for repeats: each gets
a new one. Nodes the form does not have are returned, not lost.
"""

from shared.errors import FormError
from shared.forms.answer_node import AnswerNode
from shared.forms.definition import Shape
from shared.forms.instance import Tree
from shared.forms.xpath.node import Node
from shared.forms.xpath.xmltree import parse_xml


def read_instance(tree: Tree, xml: bytes | str) -> dict[str, str]:
    """Write an instance document into an empty tree; return what found no place, by path.

    Raises:
        FormError: malformed, or the root is another form's.
    """
    source = parse_xml(xml, what="the submission").kids[0]
    if source.name != tree.root.name:
        raise FormError(
            f"the submission's root is <{source.name}>, this form's is <{tree.root.name}>"
        )
    form_id = source.attribute("id")
    if form_id and form_id != tree.form.id:
        raise FormError(f"the submission is of form {form_id!r}, not {tree.form.id!r}")
    strangers: dict[str, str] = {}
    stack: list[tuple[Node, AnswerNode]] = [(source, tree.root)]
    while stack:
        node, answers = stack.pop()
        if answers.field.shape is Shape.VALUE:
            answers.text = node.value()
        if answers is not tree.root:
            _take_attributes(node, answers)
        for kid in node.elements():
            path = f"{answers.field.path}/{kid.name}"
            target = _target(tree, answers, path)
            if target is None:
                strangers[path] = kid.value()
            else:
                stack.append((kid, target))
    return strangers


def _take_attributes(source: Node, answers: AnswerNode) -> None:
    """Take over what the form's own attributes hold there, such as an entity's id."""
    for attribute in answers.attributes:
        attribute.text = source.attribute(attribute.name, attribute.text)


def _target(tree: Tree, parent: AnswerNode, path: str) -> AnswerNode | None:
    """Return the node for a child: a new instance for a repeat."""
    field = tree.form.fields.get(path)
    if field is None:
        return None
    if field.shape is Shape.REPEAT:
        return tree.add_instance(parent, field, empty=True)
    found = parent.child(field.name)
    return found if isinstance(found, AnswerNode) else None
