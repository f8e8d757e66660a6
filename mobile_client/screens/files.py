"""Picking a file or a folder on this device without the system's dialogs: one list."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from mobile_client.screens.words import say_size
from mobile_client.text.speech import say
from mobile_client.widgets.base import Column
from mobile_client.widgets.button import PushButton
from mobile_client.widgets.listrow import EmptyState, ListRow
from mobile_client.widgets.longlist import LongList
from mobile_client.widgets.overlay import Sheet
from mobile_client.widgets.page import BottomBar, TopBar

_MOUNTS: Final = (Path("/media"), Path("/run/media"), Path("/mnt"), Path("/storage"))
_ENTRIES_MAX: Final = 5_000


class FileSheet(Sheet):
    """The files of a folder with some suffixes, over the screen.

    With `folder_words` a folder is picked instead: a button of those words takes the one shown.
    """

    def __init__(
        self,
        title: str,
        suffixes: frozenset[str],
        take: Callable[[Path], object],
        close: Callable[[], object],
        *,
        folder_words: str = "",
    ) -> None:
        self._suffixes = suffixes
        self._take = take
        self._picks_folder = bool(folder_words)
        self._page = BoxLayout(orientation="vertical")
        self._top = TopBar(title, back=close, back_label=say("Back"))
        self._page.add_widget(self._top)
        self._slot = BoxLayout(orientation="vertical")
        self._page.add_widget(self._slot)
        if folder_words:
            button = PushButton(folder_words, lambda: take(self.folder), icon="check")
            self._page.add_widget(BottomBar(button))
        super().__init__(self._page, close, title)
        self.folder = Path.home()
        self.open_folder(self.folder)

    def open_folder(self, folder: Path) -> None:
        """Show the contents of a folder."""
        self.folder = folder
        self._entries = list_folder(folder, self._suffixes, folders_only=self._picks_folder)
        self._ways = [*_ways_out(folder)]
        self._slot.clear_widgets()
        count = len(self._ways) + len(self._entries)
        if not self._entries:
            empty = Column(padding=(16, 8))
            for nth in range(len(self._ways)):
                empty.add_widget(self._row(nth))
            empty.add_widget(EmptyState("folder", folder.name or "/", say("Nothing to pick here.")))
            self._slot.add_widget(empty)
            self._slot.add_widget(Widget())
            return
        self._slot.add_widget(LongList(count, self._row))

    def _row(self, index: int) -> ListRow:
        if index < len(self._ways):
            word, path = self._ways[index]
            return ListRow(word, str(path), partial(self.open_folder, path), icon="up", lines_max=1)
        path = self._entries[index - len(self._ways)]
        if path.is_dir():
            tap = partial(self.open_folder, path)
            return ListRow(path.name, "", tap, icon="folder", lines_max=1)
        size = say_size(path.stat().st_size)
        return ListRow(path.name, size, partial(self._take, path), icon="image", lines_max=1)


def list_folder(folder: Path, suffixes: frozenset[str], *, folders_only: bool) -> list[Path]:
    """Return folders first, then the files that may be picked, by name; hidden ones left out."""
    folders: list[Path] = []
    files: list[Path] = []
    try:
        for nth, entry in enumerate(folder.iterdir()):
            if nth > _ENTRIES_MAX:
                break
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                folders.append(entry)
            elif not folders_only and (not suffixes or entry.suffix.lower() in suffixes):
                files.append(entry)
    except OSError:
        return []  # A folder that may not be read has nothing to pick; the way up stays.
    return sorted(folders, key=_by_name) + sorted(files, key=_by_name)


def _by_name(path: Path) -> str:
    return path.name.casefold()


def _ways_out(folder: Path) -> list[tuple[str, Path]]:
    ways = [(say("Up"), folder.parent)] if folder.parent != folder else []
    ways += [
        (say("Stick or card"), mount)
        for mount in _MOUNTS
        if mount.is_dir() and mount not in folder.parents and mount != folder
    ]
    return ways
