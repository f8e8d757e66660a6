"""A dialog to choose one of a form's languages, each by its own name."""

from collections.abc import Callable
from functools import partial

from mobile_client.presenters.views import Language
from mobile_client.text.speech import say
from mobile_client.widgets.button import PushButton
from mobile_client.widgets.choice import ChoiceRow
from mobile_client.widgets.overlay import Dialog, Stage


def open_languages(
    stage: Stage,
    languages: tuple[Language, ...],
    current: Language,
    choose: Callable[[str], object],
) -> None:
    """Ask which language to show and tell `choose` its name."""

    def take(name: str) -> None:
        stage.close()
        choose(name)

    rows = [
        ChoiceRow(language.name, partial(take, language.name), selected=language == current)
        for language in languages
    ]
    close = PushButton(say("Close"), stage.close, kind="tonal")
    stage.open(Dialog(say("Language of the form"), rows, [close], stage.close))
