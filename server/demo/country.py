"""The fictional country: its places as the shipped forms' choice lists know them."""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A location with its p-codes and position (WGS 84 degrees)."""

    location: str
    admin1: str
    admin2: str
    latitude: float
    longitude: float
    kind: str


@dataclass(frozen=True, slots=True)
class Country:
    """All places where interviews happen."""

    locations: tuple[Place, ...]
    flow_points: tuple[Place, ...]

    def district(self, admin2: str) -> tuple[Place, ...]:
        """Return the locations of one admin 2 area."""
        return tuple(place for place in self.locations if place.admin2 == admin2)


def read_country(media: Path) -> Country:
    """Read `locations.csv` and `flow_points.csv` from the shipped forms' media folder."""
    return Country(_places(media / "locations.csv"), _places(media / "flow_points.csv"))


def _places(file: Path) -> tuple[Place, ...]:
    with file.open(encoding="utf-8", newline="") as source:
        return tuple(
            Place(
                row["name"],
                row["admin1"],
                row["admin2"],
                float(row["latitude"]),
                float(row["longitude"]),
                row["kind"],
            )
            for row in csv.DictReader(source)
        )
