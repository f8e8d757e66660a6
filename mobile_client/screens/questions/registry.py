"""Which card draws which kind of question."""

from typing import Final

from mobile_client.presenters.views import QuestionView
from mobile_client.screens.questions.attached import AttachedQuestion
from mobile_client.screens.questions.card import Ask, QuestionCard
from mobile_client.screens.questions.marks import (
    AcknowledgeQuestion,
    NoteQuestion,
    RangeQuestion,
    RankQuestion,
)
from mobile_client.screens.questions.place import PlaceQuestion
from mobile_client.screens.questions.select import SelectQuestion
from mobile_client.screens.questions.typed import NumberQuestion, TextQuestion
from mobile_client.screens.questions.when import WhenQuestion

CARDS: Final[dict[str, type[QuestionCard]]] = {
    "text": TextQuestion,
    "barcode": TextQuestion,
    "integer": NumberQuestion,
    "decimal": NumberQuestion,
    "range": RangeQuestion,
    "select_one": SelectQuestion,
    "select_multiple": SelectQuestion,
    "rank": RankQuestion,
    "note": NoteQuestion,
    "acknowledge": AcknowledgeQuestion,
    "date": WhenQuestion,
    "time": WhenQuestion,
    "datetime": WhenQuestion,
    "geopoint": PlaceQuestion,
    "geotrace": PlaceQuestion,
    "geoshape": PlaceQuestion,
    "image": AttachedQuestion,
    "audio": AttachedQuestion,
    "video": AttachedQuestion,
    "file": AttachedQuestion,
}


def card_for(view: QuestionView, ask: Ask) -> QuestionCard:
    """Return the card of a question; an unknown kind is answered as text and loses nothing."""
    return CARDS.get(view.kind, TextQuestion)(view, ask)
