"""Hashes and encodings: digest and base64-decode. These protect nothing; sealing does that."""

import base64
import binascii
import hashlib
from typing import Final

from shared.forms.xpath.context import Context
from shared.forms.xpath.faults import EvaluationError
from shared.forms.xpath.functions.registry import Function
from shared.forms.xpath.node import Node
from shared.forms.xpath.values import Value, to_text

_ALGORITHMS: Final = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}
_ENCODINGS: Final = ("base64", "hex")


def _digest(
    _context: Context, _node: Node, text: Value, algorithm: Value, encoding: Value = "base64"
) -> str:
    name = _ALGORITHMS.get(to_text(algorithm).upper())
    if name is None:
        raise EvaluationError(f"digest() knows {', '.join(_ALGORITHMS)}, not {to_text(algorithm)}")
    how = to_text(encoding).lower()
    if how not in _ENCODINGS:
        raise EvaluationError(f"digest() writes base64 or hex, not {to_text(encoding)}")
    hashed = hashlib.new(name, to_text(text).encode(), usedforsecurity=False)
    return hashed.hexdigest() if how == "hex" else base64.b64encode(hashed.digest()).decode()


def _base64_decode(_context: Context, _node: Node, value: Value) -> str:
    """Return the UTF-8 text that base64 text holds; empty when it is not base64."""
    text = "".join(to_text(value).split())
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return octets.decode("utf-8", errors="replace")


FUNCTIONS: Final = {
    "digest": Function(_digest, (2, 3)),
    "base64-decode": Function(_base64_decode, (1, 1)),
}
