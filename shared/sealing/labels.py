"""Domain separation: every hash, signature and key derivation starts with a label (SEAL-005)."""

from functools import lru_cache


@lru_cache(maxsize=64)
def label(name: str) -> bytes:
    """Return `cairn/v1/` + name + a zero byte, so no two uses ever hash or sign equal bytes."""
    return f"cairn/v1/{name}".encode("ascii") + b"\0"
