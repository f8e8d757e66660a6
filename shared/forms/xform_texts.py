"""The texts of an XForm: itext by language, and pieces with outputs between the characters."""

from collections.abc import Mapping

from shared.errors import FormError
from shared.forms.definition import Output, Pieces, Translation
from shared.forms.xmlwriter import write_node
from shared.forms.xpath.node import Kind, Node


def read_pieces(node: Node) -> Pieces:
    """Return a text element's pieces: its characters and the outputs between them."""
    if not node.kids:
        return (node.text,) if node.text else ()
    pieces: list[str | Output] = []
    for kid in node.kids:
        if kid.kind is Kind.TEXT:
            pieces.append(kid.text)
        elif kid.name == "output":
            expression = kid.attribute("value") or kid.attribute("ref")
            if not expression:
                raise FormError("an <output> has no value attribute; name what it shows")
            pieces.append(Output(expression.strip()))
        else:
            pieces.append(write_node(kid))
    return tuple(pieces)


def read_itext(model: Node) -> tuple[tuple[str, ...], str, dict[str, Translation]]:
    """Return the languages, the default one, and every text by language and id."""
    itext = model.child("itext")
    if itext is None:
        return (), "", {}
    translations: dict[str, Translation] = {}
    default = ""
    for translation in itext.children("translation"):
        language = translation.attribute("lang")
        if language in translations:
            raise FormError(f"the language {language!r} has two translations; merge them")
        texts: dict[str, Mapping[str, Pieces]] = {}
        for text in translation.children("text"):
            forms: dict[str, Pieces] = {}
            for value in text.children("value"):
                forms.setdefault(value.attribute("form"), read_pieces(value))
            texts[text.attribute("id")] = forms
        translations[language] = texts
        if any(attribute.name == "default" for attribute in translation.attributes):
            default = language
    languages = tuple(translations)
    return languages, default or next(iter(languages), ""), translations
