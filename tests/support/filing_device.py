"""A tablet whose interviews have files: photo, paper and voice, sealed and laid in the inbox."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from sealed_device import WITH_FILES, Interview, SealedDevice

from server.intake.inbox import InboxStore
from shared.records.files import FileName
from shared.sealing.attachments import SEALED_CHUNK_BYTES, seal_chunks
from shared.sealing.envelope import Compartment
from shared.sealing.log_writer import Appended, append_attachment, begin_attachment
from sync.core.store import Chunk

HOUSE = "/data/interview/house"
PAPER = "/data/interview/paper"
VOICE = "/data/interview/voice"
JPEG = b"\xff\xd8\xff\xe0" + bytes(2000) + b"Qzavx on the wall" + bytes(2000) + b"\xff\xd9"


@dataclass(frozen=True)
class SealedFile:
    """An attachment as its tablet sealed it."""

    appended: Appended
    name: FileName
    ciphertext: tuple[bytes, ...]

    @property
    def hash(self) -> bytes:
        return self.name.hash

    @property
    def chunks(self) -> Iterable[Chunk]:
        for number, data in enumerate(self.ciphertext):
            yield Chunk(self.hash, number * SEALED_CHUNK_BYTES, data)


@dataclass
class FilingDevice(SealedDevice):
    """A tablet that seals files."""

    made: dict[bytes, SealedFile] = field(default_factory=dict)

    def file(
        self,
        content: bytes | Iterable[bytes],
        suffix: str = "jpg",
        *,
        direct: bool = False,
        send: bool = True,
        length: int | None = None,
    ) -> SealedFile:
        """Seal a file and append its entry; its chunks arrive too unless `send` is off."""
        if self.epoch is None:
            self.unlock()
        assert self.epoch is not None
        part = Compartment.DIRECT_ATTACHMENT if direct else Compartment.ATTACHMENT
        seal = begin_attachment(self.epoch, part, self.kit.mission.random_bytes)
        blocks = [content] if isinstance(content, bytes) else content
        sealed = tuple(seal_chunks(seal.key, blocks))
        digest = sha256(b"".join(sealed)).digest()
        size = sum(map(len, sealed)) if length is None else length
        appended = append_attachment(
            self.key, self.tip, seal, hash=digest, length=size, day=self.day
        )
        self._store(appended)
        made = SealedFile(appended, FileName(digest, suffix), sealed)
        self.made[digest] = made
        if send:
            self.send(made)
        return made

    def send(self, *files: SealedFile) -> None:
        """Have the chunks of files arrive."""
        store = InboxStore(self.kit.mission.stores.inbox, self.kit.clock)
        for file in files:
            for chunk in file.chunks:
                with store.transaction():
                    assert store.take_chunk(chunk)

    def photographed(
        self,
        house: SealedFile | None = None,
        voice: SealedFile | None = None,
        *,
        thumbnail: SealedFile | None = None,
        code: bytes | None = None,
        consents: Sequence[object] | None = None,
    ) -> Interview:
        """Finalize an interview that names files sealed just before."""
        changes = {}
        if house is not None:
            small = None if thumbnail is None else thumbnail.hash
            changes[HOUSE] = FileName(house.hash, house.name.suffix, small).text()
        self.direct = {} if voice is None else {VOICE: voice.name.text()}
        given = None if consents is None else tuple(consents)
        return self.interview(
            changes,
            version=WITH_FILES,
            code=code,
            consents=given,  # type: ignore[arg-type]
        )
