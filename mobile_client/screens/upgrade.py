"""The app's own version, in the settings and on the first screen: what runs, is needed, is new."""

from collections.abc import Callable
from pathlib import Path

from kivy.uix.widget import Widget

from mobile_client.presenters.settings import SettingsPresenter
from mobile_client.presenters.upgrades import UpgradeView
from mobile_client.screens.files import FileSheet
from mobile_client.screens.frame import Frame
from mobile_client.screens.words import say_size
from mobile_client.text.speech import say
from mobile_client.widgets.banner import Banner
from mobile_client.widgets.base import Space
from mobile_client.widgets.button import PushButton
from mobile_client.widgets.card import Card
from mobile_client.widgets.listrow import Heading, ListRow
from mobile_client.widgets.meter import ProgressMeter
from mobile_client.widgets.text import Text


def version_banner(view: UpgradeView) -> Banner | None:
    """Return what the first screen says of the version; None where there is nothing to do."""
    if view.needed:
        needed = say(
            "Version {minimum} of the app is needed before new interviews begin. Drafts and "
            "hand-over go on as before.",
            minimum=view.minimum,
        )
        return Banner(needed, "warn", "info")
    if view.whole and not view.barred:
        here = say("Version {version} of the app is here. Install it in the settings.",
                   version=view.version)  # fmt: skip
        return Banner(here, "primary", "info")
    return None


class UpgradeSection:
    """The part of the settings that shows and loads a new version."""

    def __init__(self, frame: Frame, presenter: SettingsPresenter) -> None:
        self._frame = frame
        self._presenter = presenter

    def widgets(self, view: UpgradeView, *, busy: bool) -> list[Widget]:
        """Return the section; nothing where nothing is needed and nothing on offer."""
        if not view.needed and not view.offered:
            return []
        card = Card()
        card.fact(say("This version"), view.installed)
        if view.needed:
            card.fact(say("Needed for new interviews"), view.minimum)
        if view.offered:
            card.fact(say("On offer"), f"{view.version} \u00b7 {say_size(view.size)}")
        shown: list[Widget] = [Space(4), Heading(say("New version of the app")), card]
        if not view.offered:
            hint = say("It comes with a hand-over once it is published. Ask the coordinator.")
            return [*shown, Text(hint, "small", "muted")]
        shown.append(Text(view.changes, "small"))
        if view.barred:
            barred = say(
                "It cannot be installed over version {installed}: install one between the two "
                "first.",
                installed=view.installed,
            )
            return [*shown, Banner(barred, "warn")]
        ways = self._when_here(busy=busy) if view.whole else self._when_away(view, busy=busy)
        return [*shown, *ways]

    def _when_here(self, *, busy: bool) -> list[Widget]:
        install = PushButton(say("Install"), self._presenter.install, icon="check")
        save = PushButton(say("Save it as a file"), self._ask_folder, kind="outline", icon="stick")
        install.disabled = save.disabled = busy
        return [install, save]

    def _when_away(self, view: UpgradeView, *, busy: bool) -> list[Widget]:
        take = ListRow(
            say("Take it from a file"),
            say("From the coordinator's stick; another file is refused."),
            self._ask_file,
            icon="stick",
        )
        if view.asked:
            done = say(
                "{done} of {total} are here. The next hand-over goes on.",
                done=say_size(view.received),
                total=say_size(view.size),
            )
            return [ProgressMeter(view.share), Text(done, "small", "muted"), take]
        load = PushButton(say("Load it with the next hand-over"), self._presenter.fetch,
                          kind="tonal", icon="sync")  # fmt: skip
        load.disabled = busy
        return [load, take]

    def _ask_folder(self) -> None:
        self._ask(say("Save it as a file"), frozenset({"?"}), self._presenter.save,
                  folder_words=say("Write it here"))  # fmt: skip

    def _ask_file(self) -> None:
        ending = Path(self._presenter.state.upgrade.file_name).suffix
        self._ask(say("Take it from a file"), frozenset({ending}), self._presenter.take)

    def _ask(
        self,
        title: str,
        endings: frozenset[str],
        then: Callable[[Path], object],
        folder_words: str = "",
    ) -> None:
        stage = self._frame.stage

        def chosen(path: Path) -> None:
            stage.close()
            then(path)

        stage.open(FileSheet(title, endings, chosen, stage.close, folder_words=folder_words))
