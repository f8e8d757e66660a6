"""What the project's policy says of the app itself: its `[app]` table. Rule SYNC-138."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.errors import EncodingInvalid
from shared.versions import Version, parse_version


@dataclass(frozen=True, slots=True)
class AppPolicy:
    """Which versions may be used, and whether devices fetch newer ones by themselves.

    Attributes:
        minimum: the lowest version that begins interviews; None where any may.
        fetch: devices load a newer package without asking the enumerator.
    """

    minimum: Version | None = None
    fetch: bool = False


def read_app_policy(table: Mapping[str, Any]) -> AppPolicy:
    """Read the `[app]` table of a policy.

    Raises:
        EncodingInvalid: an unknown key, or a value of another kind; the message says which.
    """
    if unknown := sorted(table.keys() - {"minimum_version", "fetch"}):
        raise EncodingInvalid(f"has no {unknown[0]!r}; it may have fetch, minimum_version")
    minimum, fetch = table.get("minimum_version"), table.get("fetch", False)
    if minimum is not None and not isinstance(minimum, str):
        raise EncodingInvalid('minimum_version must be text such as "1.4.0"')
    if not isinstance(fetch, bool):
        raise EncodingInvalid("fetch must be true or false")
    return AppPolicy(None if minimum is None else parse_version(minimum), fetch)
