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
    "SHA1": "sha1",
    "SHA256": "sha256",
    "SHA384": "sha384",
    "SHA512": "sha512",
}
_SIGNATURE_BYTES: Final = 64
_PUBLIC_KEY_BYTES: Final = 32
_ENCODINGS: Final = ("base64", "hex")


def _digest(
    _context: Context, _node: Node, text: Value, algorithm: Value, encoding: Value = "base64"
) -> str:
    name = _ALGORITHMS.get(to_text(algorithm).upper().replace("-", ""))
    if name is None:
        raise EvaluationError(
            f"digest() knows MD5, SHA-1, SHA-256, SHA-384 and SHA-512, not {to_text(algorithm)}"
        )
    how = to_text(encoding).lower()
    if how not in _ENCODINGS:
        raise EvaluationError(f"digest() writes base64 or hex, not {to_text(encoding)}")
    hashed = hashlib.new(name, to_text(text).encode(), usedforsecurity=False)
    return hashed.hexdigest() if how == "hex" else base64.b64encode(hashed.digest()).decode()


def _base64_decode(_context: Context, _node: Node, value: Value) -> str:
    """Return the UTF-8 text that base64 text holds; empty when it is not base64."""
    return _bytes_of(to_text(value)).decode("utf-8", errors="replace")


def _extract_signed(context: Context, _node: Node, message: Value, key: Value) -> str:
    """Return the content of base64 text that starts with an Ed25519 signature, or nothing."""
    signed, public = _bytes_of(to_text(message)), _bytes_of(to_text(key))
    if context.verify is None:
        raise EvaluationError("extract-signed() needs a device that can verify signatures")
    if len(signed) <= _SIGNATURE_BYTES or len(public) != _PUBLIC_KEY_BYTES:
        return ""
    signature, content = signed[:_SIGNATURE_BYTES], signed[_SIGNATURE_BYTES:]
    if not context.verify(public, content, signature):
        return ""
    return content.decode("utf-8", errors="replace")


def _bytes_of(text: str) -> bytes:
    compact = "".join(text.split())
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


FUNCTIONS: Final = {
    "extract-signed": Function(_extract_signed, (2, 2)),
    "digest": Function(_digest, (2, 3)),
    "base64-decode": Function(_base64_decode, (1, 1)),
}
