"""Keep the catalogues in step with the code: find every message, write what a `.po` lacks.

    python mobile_client/locale/collect.py

Messages are found in the syntax tree: the arguments of `say`, `say_count`, `key` and `Notice`, and
the presenters' constants named `..._NOTE`. A message no longer in the code leaves the catalogues.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

CLIENT_DIR: Final = Path(__file__).resolve().parents[1]
LOCALE_DIR: Final = Path(__file__).resolve().parent
_SAID: Final = frozenset({"say", "key", "Notice"})
_COUNTED: Final = "say_count"
_FOLDERS: Final = ("screens", "widgets", "presenters")

Message = tuple[str, ...]
"""One text, or the two forms of a count."""


def messages() -> dict[Message, str]:
    """Return every message of the client and the first file it stands in."""
    found: dict[Message, str] = {}
    for folder in _FOLDERS:
        for path in sorted((CLIENT_DIR / folder).rglob("*.py")):
            for message in _in_tree(ast.parse(path.read_text("utf-8"))):
                found.setdefault(message, path.relative_to(CLIENT_DIR).as_posix())
    return found


def _in_tree(tree: ast.AST) -> Iterator[Message]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            texts = [text for text in map(_constant, node.args[:2]) if text is not None]
            if node.func.id in _SAID and texts:
                yield (texts[0],)
            elif node.func.id == _COUNTED and len(texts) == len(("one", "many")):
                yield (texts[0], texts[1])
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            text = _constant(node.value)
            if node.targets[0].id.endswith("_NOTE") and text is not None:
                yield (text,)


def _constant(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def update(path: Path, found: dict[Message, str]) -> tuple[int, int]:
    """Rewrite one catalogue in the order of the code; return how many are new and how many left."""
    header, kept = _read(path)
    blocks = [header]
    for message, source in found.items():
        old = kept.pop(message[0], None)
        blocks.append(f"#: {source}\n{old or _blank(message, header)}")
    path.write_text("\n".join(blocks), "utf-8")
    return sum(block.rstrip().endswith('""') for block in blocks[1:]), len(kept)


def _read(path: Path) -> tuple[str, dict[str, str]]:
    entries = [block.strip() + "\n" for block in path.read_text("utf-8").split("\n\n")]
    kept: dict[str, str] = {}
    for block in entries[1:]:
        lines = [line for line in block.splitlines() if not line.startswith("#:")]
        text, taking = "", False
        for line in lines:
            if line.startswith("msgid "):
                text, taking = ast.literal_eval(line.removeprefix("msgid ")), True
            elif line.startswith('"') and taking:
                text += ast.literal_eval(line)
            else:
                taking = False
        kept[text] = "\n".join(lines) + "\n"
    return entries[0], kept


def _blank(message: Message, header: str) -> str:
    lines = [f"msgid {_quoted(message[0])}"]
    if len(message) == 1:
        lines.append('msgstr ""')
    else:
        forms = int(header.partition("nplurals=")[2].partition(";")[0])
        lines.append(f"msgid_plural {_quoted(message[1])}")
        lines += [f'msgstr[{nth}] ""' for nth in range(forms)]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def main() -> int:
    """Update every catalogue and say what is left to translate."""
    found = messages()
    for path in sorted(LOCALE_DIR.glob("*.po")):
        new, gone = update(path, found)
        sys.stdout.write(f"{path.name}: {len(found)} messages, {new} to translate, {gone} gone\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
