"""Lines in chunks, read ahead by a thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from multiprocessing import Pipe

from assay.worker.batch.reading import RawLine
from assay.worker.records.jsonl import BadLine

CHUNK_LINES = 8
CHUNK_BYTES = 256 * 1024

Numbered = tuple[int, RawLine | BadLine]
"""A line and its place in the output."""


class ChunksAhead:
    """Chunks read by a thread, so that results are not held up by input that is slow to come.

    `signal` can be waited for beside the processes' connections. It becomes ready once for each chunk and for the end.
    The thread is a daemon. Nothing can wake a thread that waits for a terminal or a pipe, and leaving must not wait
    for it.
    """

    def __init__(self, chunks: Iterator[Sequence[Numbered]], room: int) -> None:
        self._chunks: queue.Queue[Sequence[Numbered] | BaseException | None] = queue.Queue(room)
        self.signal, self._signaller = Pipe(duplex=False)
        self.ended = False
        threading.Thread(target=self._read, args=(chunks,), name="read-samples", daemon=True).start()

    def take(self) -> Sequence[Numbered] | None:
        """The next chunk. None where there is none yet, or none any more."""
        try:
            chunk = self._chunks.get_nowait()
        except queue.Empty:
            return None
        if isinstance(chunk, BaseException):
            raise chunk
        self.ended = chunk is None
        return chunk

    def close(self) -> None:
        """Let the thread find out that nobody listens, even where it waits for room."""
        self.signal.close()
        with suppress(queue.Empty):
            while True:
                self._chunks.get_nowait()

    def _read(self, chunks: Iterator[Sequence[Numbered]]) -> None:
        end: BaseException | None = None
        with suppress(OSError), self._signaller:
            try:
                for chunk in chunks:
                    self._chunks.put(chunk)
                    self._signaller.send_bytes(b".")
            except Exception as exc:  # noqa: BLE001  # carried over to the one who takes, where it is raised
                end = exc
            self._chunks.put(end)
            self._signaller.send_bytes(b".")


def chunks(lines: Iterable[Numbered]) -> Iterator[Sequence[Numbered]]:
    """Lines in chunks small enough to share out evenly."""
    chunk: list[Numbered] = []
    size = 0
    for place, line in lines:
        chunk.append((place, line))
        size += len(line.content) if isinstance(line, RawLine) else 0
        if len(chunk) == CHUNK_LINES or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
