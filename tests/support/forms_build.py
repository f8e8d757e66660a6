"""Small XForms for tests, and interviews on them with a fixed clock and repeatable chance."""

import random
from collections.abc import Callable
from datetime import UTC, datetime

from shared.forms.definition import Form
from shared.forms.interview import Interview
from shared.forms.xform import read_form

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
_HEAD = (
    '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" '
    'xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms" '
    'xmlns:odk="http://www.opendatakit.org/xforms" '
    'xmlns:cairn="https://cairn.invalid/xforms"><h:head><h:title>Test</h:title><model>'
)


def xform(
    instance: str, binds: str = "", body: str = "", *, model: str = "", root: str = ""
) -> bytes:
    """Return an XForm: `instance` and `body` are XML, `model` goes before the binds."""
    return (
        f'{_HEAD}<instance><data id="test" version="1" {root}>{instance}</data></instance>{model}'
        f"{binds}</model></h:head><h:body>{body}</h:body></h:html>"
    ).encode()


def form(
    instance: str, binds: str = "", body: str = "", *, model: str = "", root: str = ""
) -> Form:
    """Return a form from its parts."""
    return read_form(xform(instance, binds, body, model=model, root=root))


def seeded_bytes(seed: int = 1) -> Callable[[int], bytes]:
    """Return repeatable random bytes."""
    return random.Random(seed).randbytes


def interview(source: Form, *, language: str | None = None, **options: object) -> Interview:
    """Return a new interview at a fixed moment in UTC."""
    return Interview(
        source,
        clock_now=NOW,
        tz=UTC,
        random_bytes=seeded_bytes(),
        language=language,
        **options,  # type: ignore[arg-type]
    )


def bind(path: str, **attributes: str) -> str:
    """Return a bind; `cairn_x` becomes `cairn:x`, `jr_x` becomes `jr:x`."""
    spelled = "".join(
        f' {name.replace("_", ":", 1) if name.startswith(("cairn_", "jr_")) else name}="{text}"'
        for name, text in attributes.items()
    )
    return f'<bind nodeset="{path}"{spelled}/>'


def question(path: str, label: str = "") -> str:
    """Return an input control."""
    return f'<input ref="{path}"><label>{label or path}</label></input>'
