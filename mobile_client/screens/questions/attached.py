"""Pictures, sound and files: picked from this device. The copy in the vault loses its metadata."""

from pathlib import Path

from mobile_client.presenters.views import QuestionView
from mobile_client.screens.files import FileSheet
from mobile_client.screens.questions.card import QuestionCard
from mobile_client.text.speech import say
from mobile_client.widgets.base import Column
from mobile_client.widgets.button import PushButton
from mobile_client.widgets.listrow import ListRow
from mobile_client.widgets.picture import Picture
from mobile_client.widgets.theme import dp

_SUFFIXES = {
    "image": frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"}),
    "audio": frozenset({".m4a", ".mp3", ".ogg", ".wav", ".amr", ".3gp"}),
    "video": frozenset({".mp4", ".webm", ".3gp", ".mkv", ".mov"}),
    "file": frozenset[str](),
}


class AttachedQuestion(QuestionCard):
    """A file as the answer."""

    @property
    def can_clear(self) -> bool:
        """A file can be taken out again."""
        return True

    def build(self) -> None:
        """Add the place of the file; it follows the answer."""
        self._drawn: str | None = None
        self._slot = Column(spacing=dp(10))
        self.add_widget(self._slot)

    def follow(self, view: QuestionView) -> None:
        """Show the file, or the way to pick one."""
        if view.value == self._drawn:
            return
        self._drawn = view.value
        self._slot.clear_widgets()
        if view.value:
            small = self.ask.thumbnail(view.path)
            if small:
                self._slot.add_widget(Picture(small, height_max_dp=160))
            state = (say("In the vault"), "ok", "lock")
            self._slot.add_widget(ListRow(view.value, icon=self._icon(), state=state))
        if not view.readonly:
            words = say("Pick another file") if view.value else self._pick_words()
            kind = "outline" if view.value else "tonal"
            self._slot.add_widget(PushButton(words, self._pick, kind=kind, icon="folder"))

    def _icon(self) -> str:
        return "image" if self.view.kind == "image" else "form"

    def _pick_words(self) -> str:
        words = {
            "image": say("Pick a picture"),
            "audio": say("Pick a recording"),
            "video": say("Pick a video"),
        }
        return words.get(self.view.kind, say("Pick a file"))

    def _pick(self) -> None:
        stage = self.ask.frame.stage

        def take(path: Path) -> None:
            stage.close()
            self.ask.attach(self.view.path, path)

        suffixes = _SUFFIXES.get(self.view.kind, frozenset())
        stage.open(FileSheet(self._pick_words(), suffixes, take, stage.close))
