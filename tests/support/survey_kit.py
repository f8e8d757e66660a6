"""A household survey of 60 questions, 8 of them direct identifiers, with seeded answers.

Beside them stand the three values that every form records of itself: start, end, instanceID.
"""

import random
from datetime import date, timedelta
from hashlib import sha256
from uuid import UUID

from shared.ids import FormHash, RecordId
from shared.records.codebook import Basis, Codebook, Disclosure, Field, Kind, Scope
from shared.records.consent import Consent, Decision, Method
from shared.records.revision import Identity, RevisionBody, Value
from shared.records.split import granted_purposes, split_answers
from shared.sealing.tags import equality_tag, new_tag_key

YES_NO = ("yes", "no", "dont_know")
OFTEN = ("never", "rarely", "sometimes", "often", "always")
DIRECT = frozenset(
    (
        "respondent_name",
        "phone",
        "household_id",
        "village",
        "head_name",
        "main_problem",
        "suggestions",
        "notes",
    )
)
ONE = {
    "region": ("north", "south", "east", "west", "central"),
    "sex": ("male", "female", "other"),
    "relationship": ("head", "spouse", "child", "parent", "sibling", "relative", "none"),
    "marital_status": ("single", "married", "cohabiting", "divorced", "widowed"),
    "education": ("none", "primary", "secondary", "vocational", "tertiary"),
    "head_sex": ("male", "female"),
    "language": ("english", "french", "swahili", "hausa", "arabic", "other"),
    "roof": ("thatch", "iron_sheet", "tiles", "concrete", "plastic"),
    "wall": ("mud", "brick", "wood", "stone", "iron_sheet"),
    "floor": ("earth", "cement", "tiles", "wood"),
    "electricity": ("grid", "solar", "generator", "none"),
    "water_source": ("piped", "borehole", "well", "open_well", "river", "rain", "vendor"),
    "toilet": ("flush", "vip_latrine", "pit_latrine", "composting", "none"),
    "handwashing": ("observed", "not_observed", "refused"),
    "care_place": ("hospital", "clinic", "pharmacy", "traditional", "none"),
    "satisfaction": ("very_good", "good", "neutral", "bad", "very_bad"),
    "intention": ("stay", "return", "move_on", "undecided"),
}
YES_NO_FIELDS = [
    "can_read",
    "owns_land",
    "water_treated",
    "toilet_shared",
    "soap",
    "fever",
    "diarrhoea",
    "cough",
    "sought_care",
    "bednet",
]
OFTEN_FIELDS = ("worry_food", "skipped_meals", "no_food")
MANY = {
    "income": ("farming", "livestock", "fishing", "labour", "salary", "business", "aid"),
    "assets": ("radio", "tv", "phone", "bicycle", "motorcycle", "fridge", "cart"),
    "treatment": ("boil", "chlorine", "filter", "solar", "settle"),
    "foods": ("cereals", "roots", "pulses", "greens", "fruit", "meat", "eggs", "fish", "oil"),
    "needs": ("water", "food", "shelter", "health", "education", "cash"),
}
INTEGERS = {
    "age": 90,
    "members": 14,
    "under5": 5,
    "school_age": 7,
    "over60": 3,
    "rooms": 9,
    "water_minutes": 120,
    "muac_mm": 180,
    "bednets": 6,
    "meals": 4,
}
DECIMALS = {"monthly_income": 900, "land_ha": 12, "child_weight": 20, "child_height": 120}
WORDS = [
    "the",
    "water",
    "point",
    "is",
    "broken",
    "and",
    "we",
    "must",
    "walk",
    "far",
    "to",
    "river",
    "children",
    "miss",
    "school",
    "because",
    "no",
    "money",
    "road",
    "floods",
    "in",
    "season",
    "clinic",
    "has",
    "medicine",
    "price",
    "of",
    "maize",
    "went",
    "up",
    "goats",
    "died",
    "during",
    "drought",
    "need",
    "seeds",
    "before",
    "planting",
    "roof",
    "leaks",
    "neighbours",
    "share",
    "latrine",
    "tired",
    "second",
    "visit",
]
NAMES = [
    "Amina",
    "Joseph",
    "Grace",
    "Peter",
    "Fatima",
    "Samuel",
    "Mary",
    "Ibrahim",
    "Ruth",
    "Daniel",
    "Esther",
    "Moses",
]
PLACES = [
    "Kisima",
    "Mtwapa",
    "Lokichar",
    "Garsen",
    "Bura",
    "Wamba",
    "Kibwezi",
    "Loima",
    "Turbi",
    "Isiolo",
]


def _field(name: str, kind: Kind, choices: tuple[str, ...] = ()) -> Field:
    disclosure = Disclosure.DIRECT if name in DIRECT else Disclosure.QUASI
    return Field(f"/data/{name}", kind, disclosure, choices)


def survey() -> Codebook:
    """Return the codebook: 60 questions and the form's own start, end and instanceID."""
    fields = [_field("visit_date", Kind.DATE), _field("gps", Kind.GEOPOINT)]
    fields += [_field(name, Kind.SELECT_ONE, choices) for name, choices in ONE.items()]
    fields += [_field(name, Kind.SELECT_ONE, YES_NO) for name in YES_NO_FIELDS]
    fields += [_field(name, Kind.SELECT_ONE, OFTEN) for name in OFTEN_FIELDS]
    fields += [_field(name, Kind.SELECT_MULTIPLE, choices) for name, choices in MANY.items()]
    fields += [_field(name, Kind.INTEGER) for name in INTEGERS]
    fields += [_field(name, Kind.DECIMAL) for name in DECIMALS]
    fields += [_field("age_known", Kind.BOOLEAN)]
    fields += [_field(name, Kind.DATETIME) for name in ("start", "end")]
    fields += [_field("instanceID", Kind.TEXT)]
    fields += [_field(name, Kind.TEXT) for name in sorted(DIRECT)]
    return Codebook(
        form_id="household_survey",
        version="1",
        form_hash=FormHash(sha256(b"household survey").digest()[:16]),
        title="Household survey",
        basis=Basis.CONSENT,
        purposes=("assistance", "research"),
        root=Scope("/data", tuple(fields)),
    )


def answers(rng: random.Random) -> dict[str, Value]:
    """Return one household's answers to all 60 questions, and the form's own values."""

    def note(low: int, high: int) -> str:
        return " ".join(rng.choice(WORDS) for _ in range(rng.randint(low, high)))

    def moment() -> str:
        return f"{rng.randint(0, 59):02}:{rng.randint(0, 59):02}.{rng.randint(0, 999):03}"

    places = [(rng.uniform(-5, 5), 7), (rng.uniform(33, 42), 7)]
    places += [(rng.uniform(0, 2000), 1), (rng.uniform(3, 12), 2)]
    day = date(2026, 1, 1) + timedelta(days=rng.randint(0, 200))
    row: dict[str, Value] = {
        "visit_date": day.isoformat(),
        "gps": " ".join(f"{round(n, p):.{p}f}".rstrip("0").rstrip(".") for n, p in places),
        "age_known": rng.random() < 0.8,
        "start": f"{day}T09:{moment()}+03:00",
        "end": f"{day}T10:{moment()}+03:00",
        "instanceID": f"uuid:{UUID(bytes=rng.randbytes(16), version=4)}",
        "respondent_name": f"{rng.choice(NAMES)} {rng.choice(NAMES)}",
        "head_name": f"{rng.choice(NAMES)} {rng.choice(NAMES)}",
        "phone": f"07{rng.randint(0, 99_999_999):08d}",
        "household_id": f"HH-{rng.randint(0, 99_999):05d}",
        "village": rng.choice(PLACES),
        "main_problem": note(5, 16),
        "suggestions": note(5, 16),
        "notes": note(0, 20),
    }
    row |= {name: rng.choice(choices) for name, choices in ONE.items()}
    row |= {name: rng.choice(YES_NO) for name in YES_NO_FIELDS}
    row |= {name: rng.choice(OFTEN) for name in OFTEN_FIELDS}
    row |= {name: tuple(c for c in cs if rng.random() < 0.35) for name, cs in MANY.items()}
    row |= {name: rng.randint(0, top) for name, top in INTEGERS.items()}
    row |= {name: round(rng.uniform(1, top), 1) for name, top in DECIMALS.items()}
    return {f"/data/{name}": value for name, value in row.items()}


def halves(rng: random.Random, codebook: Codebook, at_ms: int) -> tuple[RevisionBody, Identity]:
    """Return one interview as it stands before it is sealed."""
    record_id, tag_key = RecordId(rng.randbytes(16)), new_tag_key(rng.randbytes)
    consent = Consent(
        respondent="",
        decisions={"assistance": Decision.GRANTED, "research": Decision.GRANTED},
        notice_hash=rng.randbytes(16),
        language="fr",
        method=Method.VERBAL,
        at_ms=at_ms - 1_500_000,
        withdrawal_hash=rng.randbytes(16),
    )
    split = split_answers(answers(rng), codebook, granted_purposes([consent]))
    body = RevisionBody(
        record_id=record_id,
        parents=(),
        form_id=codebook.form_id,
        form_hash=codebook.form_hash,
        at_ms=at_ms,
        offset_min=180,
        enumerator="enum-014",
        patch=split.body,
        round_id="2026-r2",
        location="LOC-000123",
        consents=(consent,),
        tags={a: equality_tag(tag_key, record_id, a, v) for a, v in split.identity.items()},
        started_ms=at_ms - 1_800_000,
    )
    return body, Identity(record_id, tag_key, split.identity)
