"""A small household form and its codebook, for tests of de-identification and aggregates."""

from server.deident.geography import Geography, read_geojson
from shared.ids import FormHash
from shared.records.codebook import Basis, Codebook, Disclosure, Field, Kind, Scope

MEMBER_A = "/data/member[00000000000000aa]"
MEMBER_B = "/data/member[00000000000000bb]"


def household_codebook(version: str = "1", extra: tuple[Field, ...] = ()) -> Codebook:
    """Return a household form: a place, a birth date, a size, members, and things that must go."""
    root = Scope(
        "/data",
        (
            Field("/data/head_name", Kind.TEXT, Disclosure.DIRECT),
            Field("/data/place/position", Kind.GEOPOINT, Disclosure.QUASI, generalise="geo:admin1"),
            Field("/data/place/area", Kind.SELECT_ONE, Disclosure.QUASI, generalise="geo:admin3"),
            Field("/data/arrived_on", Kind.DATE, Disclosure.QUASI),
            Field("/data/size", Kind.INTEGER, Disclosure.OPEN, measure="persons"),
            Field("/data/rooms", Kind.INTEGER, Disclosure.QUASI),
            Field("/data/remarks", Kind.TEXT, Disclosure.OPEN),
            Field("/data/photo", Kind.ATTACHMENT, Disclosure.OPEN),
            Field("/data/needs", Kind.SELECT_MULTIPLE, Disclosure.OPEN, ("food", "water", "roof")),
            Field("/data/phone_shared", Kind.BOOLEAN, Disclosure.OPEN, purposes=("referral",)),
            *extra,
        ),
        (
            Scope(
                "/data/member",
                (
                    Field("/data/member/name", Kind.TEXT, Disclosure.DIRECT),
                    Field("/data/member/sex", Kind.SELECT_ONE, Disclosure.QUASI, ("f", "m")),
                    Field("/data/member/age", Kind.INTEGER, Disclosure.QUASI, generalise="age:dtm"),
                ),
                (
                    Scope(
                        "/data/member/skill",
                        (
                            Field(
                                "/data/member/skill/code", Kind.SELECT_ONE, Disclosure.OPEN, ("a",)
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )
    return Codebook(
        "household",
        version,
        FormHash(b"\x01" * 16),
        "Household",
        Basis.CONSENT,
        ("statistics", "referral"),
        root,
    )


def square_country() -> Geography:
    """Return a country of two provinces side by side, each with two districts stacked."""

    def square(left: float, bottom: float, width: float, height: float) -> dict[str, object]:
        right, top = left + width, bottom + height
        ring = [[left, bottom], [right, bottom], [right, top], [left, top], [left, bottom]]
        return {"type": "Polygon", "coordinates": [ring]}

    def area(
        code: str, level: int, parent: str | None, shape: dict[str, object]
    ) -> dict[str, object]:
        properties = {"pcode": code, "name": f"Area {code}", "level": level, "parent": parent}
        return {"type": "Feature", "properties": properties, "geometry": shape}

    features = [area("ZZ", 0, None, square(0, 0, 20, 20))]
    for east in range(2):
        province = f"ZZ0{east + 1}"
        features.append(area(province, 1, "ZZ", square(10 * east, 0, 10, 20)))
        for north in range(2):
            district = f"{province}0{north + 1}"
            shape = square(10 * east, 10 * north, 10, 10)
            features.append(area(district, 2, province, shape))
            features.append(area(f"{district}01", 3, district, shape))
    return read_geojson({"type": "FeatureCollection", "features": features}, "2026")
