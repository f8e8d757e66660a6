"""Detached payloads in the SQLite store: collected chunk by chunk until they are whole."""

from hashlib import sha256

from shared.ids import AuthorId
from sync.core.store import Chunk, Held, Want, chunk_from
from sync.stores.sqlite_file import SqliteFile

_WANTED, _WHOLE, _PRUNED = 0, 1, 2


class SqliteAttachments(SqliteFile):
    """The attachments' half of the store; every change happens inside `transaction()`."""

    def expect_payload(self, author: AuthorId, payload_hash: bytes, length: int) -> None:
        """Begin to collect a detached payload, unless it is known already."""
        self._db.execute(
            "INSERT OR IGNORE INTO detached (hash, author, length, received, state)"
            " VALUES (?, ?, ?, 0, ?)",
            (payload_hash, author, length, _WANTED),
        )

    def missing_payloads(self, limit: int, author: AuthorId | None = None) -> list[Want]:
        """Return detached payloads that are not whole here, oldest first."""
        rows = self._rows(
            f"SELECT hash, received FROM detached WHERE state = {_WANTED}"  # noqa: S608 - ours
            " AND (?1 IS NULL OR author = ?1) ORDER BY rowid LIMIT ?2",
            author,
            limit,
        )
        return [Want(payload_hash, received) for payload_hash, received in rows]

    def take_chunk(self, chunk: Chunk) -> bool:
        """Keep a chunk if it is the next one wanted; a whole that does not match starts anew."""
        found = self._row(
            "SELECT length, received FROM detached WHERE hash = ? AND state = ?",
            chunk.payload_hash,
            _WANTED,
        )
        if found is None or chunk.offset != found[1] or not chunk.data:
            return False
        length, received = found[0], found[1] + len(chunk.data)
        self._db.execute("INSERT INTO chunks VALUES (?, ?, ?)", chunk)
        state = _WANTED
        if received >= length:
            if received == length and self._digest(chunk.payload_hash) == chunk.payload_hash:
                state = _WHOLE
            else:
                self._db.execute("DELETE FROM chunks WHERE hash = ?", (chunk.payload_hash,))
                received = 0
        self._db.execute(
            "UPDATE detached SET received = ?, state = ? WHERE hash = ?",
            (received, state, chunk.payload_hash),
        )
        return True

    def _digest(self, payload_hash: bytes) -> bytes:
        digest = sha256()
        for (data,) in self._db.execute(
            'SELECT data FROM chunks WHERE hash = ? ORDER BY "offset"', (payload_hash,)
        ):
            digest.update(data)
        return digest.digest()

    def chunk(self, payload_hash: bytes, offset: int) -> Chunk | None:
        """Return what is here of a detached payload from an offset, to the end of that piece."""
        found = self._row(
            'SELECT "offset", data FROM chunks WHERE hash = ? AND "offset" <= ?'
            ' ORDER BY "offset" DESC LIMIT 1',
            payload_hash,
            offset,
        )
        return None if found is None else chunk_from(payload_hash, offset, *found)

    def find_payload(self, payload_hash: bytes) -> Held | None:
        """Return how much of a detached payload is here."""
        found = self._row(
            "SELECT received, length, state FROM detached WHERE hash = ?", payload_hash
        )
        return None if found is None else Held(found[0], found[1], found[2] != _WANTED)

    def forget_payload(self, payload_hash: bytes) -> None:
        """Delete a detached payload and expect it no more."""
        self._db.execute("DELETE FROM chunks WHERE hash = ?", (payload_hash,))
        self._db.execute("DELETE FROM detached WHERE hash = ?", (payload_hash,))

    def detached_bytes(self, author: AuthorId) -> tuple[int, int]:
        """Return how many bytes of an author's detached payloads are here, and are wanted."""
        held, wanted = self._row(
            "SELECT coalesce(sum(received), 0), coalesce(sum(length - received), 0)"  # noqa: S608
            f" FROM detached WHERE author = ? AND state != {_PRUNED}",
            author,
        )
        return held, wanted

    def _prune_payload(self, payload_hash: bytes) -> int:
        """Delete a detached payload; return 1 where it was whole, else 0."""
        done = self._db.execute(
            "UPDATE detached SET state = ? WHERE hash = ? AND state = ?",
            (_PRUNED, payload_hash, _WHOLE),
        )
        self._db.execute("DELETE FROM chunks WHERE hash = ?", (payload_hash,))
        return done.rowcount
