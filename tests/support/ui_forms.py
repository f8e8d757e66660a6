"""Screens with one question of every kind, for tests that touch and look at each."""

from ui_ports import roster

from mobile_client.presenters.views import (
    ChoiceView,
    QuestionView,
    RangeView,
    ScreenKind,
    ScreenView,
)


def choices(*labels: str) -> tuple[ChoiceView, ...]:
    """Return choices whose names are their labels in lower case."""
    return tuple(ChoiceView(label.split()[0].lower(), label) for label in labels)


def question(kind: str, label: str, **fields: object) -> ScreenView:
    """Return a screen with one question; its path is the kind and what its appearance says."""
    words = "_".join(sorted(fields.get("appearance", frozenset())))  # type: ignore[call-overload]
    path = f"/data/{kind}_{words}" if words else f"/data/{kind}"
    view = QuestionView(path, kind, label, **fields)  # type: ignore[arg-type]
    return ScreenView(ScreenKind.QUESTIONS, (view,), trail=("Shelter",))


WATER = choices(
    "Piped into dwelling", "Public tap", "Borehole", "Protected well",
    "Surface water (river, dam, lake)", "Other",
)  # fmt: skip
NEEDS = choices("Food", "Water", "Shelter", "Health", "Education")
SCALE = choices("Strongly disagree", "Disagree", "Neither", "Agree", "Fully agree")
DISTRICTS = tuple(ChoiceView(f"d{nth}", f"District {nth} of the region") for nth in range(500))

EVERY_KIND = (
    question(
        "select_one",
        "What is the main source of **drinking water** for your household?",
        hint="Read the answers aloud.",
        choices=WATER,
        required=True,
    ),
    question(
        "select_one", "What do you cook with?", choices=WATER, appearance=frozenset({"quick"})
    ),
    question("select_one", "You feel safe here.", choices=SCALE, appearance=frozenset({"likert"})),
    question("select_one", "District", choices=DISTRICTS, appearance=frozenset({"minimal"})),
    question("select_multiple", "Which needs are most urgent?", choices=NEEDS),
    question(
        "text",
        "What is the name of the head of the household?",
        shield=True,
        hint="As on their document.",
        guidance="Write it as they spell it themselves.",
    ),
    question("text", "What else?", appearance=frozenset({"multiline"})),
    question("integer", "How many people slept here last night?"),
    question("decimal", "How many kilometres to the nearest well?"),
    question("date", "When did the household arrive at this site?"),
    question("date", "In which month was it displaced?", appearance=frozenset({"month-year"})),
    question("time", "When does the market open?"),
    question("datetime", "When was the last distribution?"),
    question("geopoint", "Where is the shelter?"),
    question("geoshape", "Walk around the plot."),
    question("range", "How many days of food are left?", bounds=RangeView("0", "30", "1")),
    question("rank", "Put these needs in order.", choices=NEEDS[:3]),
    question("image", "Take a picture of the shelter."),
    question("barcode", "Scan the ration card."),
    question("acknowledge", "I have read the notice aloud."),
    question("note", "Thank you. _Now_ the members of the household."),
    roster(),
    ScreenView(
        ScreenKind.QUESTIONS,
        (
            QuestionView("/data/m/name", "text", "Name", shield=True),
            QuestionView("/data/m/age", "integer", "Age", required=True),
            QuestionView("/data/m/sex", "select_one", "Sex", choices=choices("Female", "Male")),
        ),
        trail=("Members", "Amina"),
    ),
)
