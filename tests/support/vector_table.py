"""How a table of vectors is written: one project with fixed keys, rows that change an input."""

from typing import Any, Final

from sealing_kit import Project
from vector_ops import Inputs, Vector

P: Final = Project(name="vectors")


def flip(data: bytes, at: int = -1) -> bytes:
    """Return `data` with one bit changed."""
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def hexed(**values: bytes | object) -> Inputs:
    """Return inputs with bytes as hex."""
    return {k: v.hex() if isinstance(v, bytes) else v for k, v in values.items()}


class Cases:
    """Vectors of one operation that differ in a few inputs."""

    def __init__(self, op: str, rule: str, prefix: str, **base: Any) -> None:
        self.op, self.rule, self.prefix = op, rule, prefix
        self.base = hexed(**base)

    def __call__(
        self,
        name: str,
        expect: str,
        about: str,
        output: object = None,
        rule: str | None = None,
        **changes: Any,
    ) -> Vector:
        """Return one vector: the base with `changes`."""
        inputs = self.base | hexed(**changes)
        rule = rule or self.rule
        return Vector(f"{self.prefix}_{name}", expect, rule, self.op, about, inputs, output)
