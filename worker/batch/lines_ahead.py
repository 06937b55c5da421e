"""Lines that one thread draws and a loop takes, a few ahead, so that waiting for input stops nobody."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Iterable

from assay.worker.batch.reading import RawLine
from assay.worker.records.jsonl import BadLine

Line = RawLine | BadLine

AHEAD = 16


class LinesAhead:
    """Lines on their way from the thread that calls `draw` to the loop.

    Args:
        lines: the input.
        loop: where they are taken.
    """

    def __init__(self, lines: Iterable[Line], loop: asyncio.AbstractEventLoop) -> None:
        self._lines = lines
        self._loop = loop
        self._queue: asyncio.Queue[Line | BaseException | None] = asyncio.Queue()
        self._room = threading.Semaphore(AHEAD)
        self._is_closed = False

    @classmethod
    def by_thread(cls, lines: Iterable[Line]) -> LinesAhead:
        """Lines for the running loop, drawn by a thread of their own, in the context of this one.

        The thread is a daemon. Nothing can wake a thread that waits for a terminal or a pipe, and leaving must not
        wait for it.
        """
        ahead = cls(lines, asyncio.get_running_loop())
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(ahead._draw_in_thread,), name="read-samples", daemon=True).start()
        return ahead

    def draw(self) -> None:
        """Draw all lines, each once there is room for it. It returns early where nobody takes them any more."""
        try:
            for line in self._lines:
                self._room.acquire()
                if self._is_closed:
                    return
                self._hand_over(line)
        except Exception as exc:  # noqa: BLE001  # carried over to the loop, where it is raised
            self._hand_over(exc)
        else:
            self._hand_over(None)

    def _draw_in_thread(self) -> None:
        """Draw. Where rows end the program, its loop is told, for nobody listens to this thread."""
        try:
            self.draw()
        except BaseException as exc:  # noqa: BLE001  # carried over likewise
            self._hand_over(exc)

    def close(self) -> None:
        """Let the one who draws find out that nobody takes the lines."""
        self._is_closed = True
        self._room.release()

    async def __aiter__(self) -> AsyncIterator[Line]:
        """The lines, on the loop."""
        while (line := await self._queue.get()) is not None:
            if isinstance(line, BaseException):
                raise line
            yield line
            self._room.release()

    def _hand_over(self, line: Line | BaseException | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, line)
        except RuntimeError:  # the loop is closed
            self._is_closed = True
