"""The files of one record on their way into the log: sealed once, thumbnails first (SEAL-064)."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from mobile_client.services.log_author import LogAuthor, SealedFile
from mobile_client.services.media import open_media
from mobile_client.vault.drafts import MediaFile
from shared.records.files import FileName, suffix_of
from shared.sealing.envelope import Compartment

Content = tuple[Compartment, bytes]


class FileDrawer:
    """Collects what the answers of one record name."""

    def __init__(self, folder: Path, log: LogAuthor, media: Mapping[str, MediaFile]) -> None:
        self._folder = folder
        self._log = log
        self._media = media
        self._files: dict[Content, SealedFile] = {}
        self._thumbnails: dict[Content, SealedFile] = {}
        self.names: dict[str, str] = {}
        """Answer text -> how the record names the file."""

    def put(self, name: str, *, direct: bool) -> None:
        """Seal the file that an answer names; one of equal content and class is sealed once.

        Raises:
            KeyNotTrusted: no recipient; nothing is written in the clear.
            NotFound: the file is gone; take it again.
        """
        media = self._media[name]
        part = Compartment.DIRECT_ATTACHMENT if direct else Compartment.ATTACHMENT
        content = part, media.digest or name.encode()
        if content not in self._files:
            self._files[content] = self._seal(part, media.name, media.key)
            if media.thumbnail:
                small = self._seal(part, media.thumbnail, media.thumbnail_key)
                self._thumbnails[content] = small
        small_file = self._thumbnails.get(content)
        thumbnail = None if small_file is None else small_file.hash
        self.names[name] = FileName(self._files[content].hash, suffix_of(name), thumbnail).text()

    def sealed(self) -> list[SealedFile]:
        """Return the files in the order of their entries."""
        return [*self._thumbnails.values(), *self._files.values()]

    def _seal(self, part: Compartment, name: str, key: bytes) -> SealedFile:
        return self._log.seal_file(part, self._blocks(name, key))

    def _blocks(self, name: str, key: bytes) -> Callable[[], Iterator[bytes]]:
        return partial(open_media, self._folder, name, key)
