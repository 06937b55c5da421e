"""The one writer: requests wait until what they brought is on the disk, several of them in one commit."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

import structlog

from assay.judges.errors import EvaluationError
from assay.worker.collector.refusals import Refusal, not_now
from assay.worker.ports.capabilities import LoggedEvent, SpanKey, WithSpanIntake
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.records.spans import Span

AT_ONCE = 4_000
"""Spans and events that are written together. A request that brings more is written by itself."""

Refused = Mapping[SpanKey, str]
"""Spans that were not taken, and why."""

log = structlog.get_logger(__name__)


@dataclass
class _Brought:
    """What one request brought."""

    spans: Sequence[Span]
    events: Sequence[LoggedEvent]
    done: asyncio.Future[Refused] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def size(self) -> int:
        return len(self.spans) + len(self.events)


class SpanWriter:
    """Writes what requests bring, in the order in which it comes."""

    def __init__(self, store: WithSpanIntake) -> None:
        """Write nothing yet.

        Args:
            store: where to.
        """
        self._store = store
        self._waiting: deque[_Brought] = deque()
        self._is_wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.trouble = ""

    @property
    def waiting(self) -> int:
        """Spans and events that wait."""
        return sum(brought.size for brought in self._waiting)

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="span-writer")

    async def close(self) -> None:
        """Write what waits, and end."""
        await asyncio.gather(*(brought.done for brought in self._waiting), return_exceptions=True)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def write(self, spans: Sequence[Span], events: Sequence[LoggedEvent] = ()) -> Refused:
        """Return when it is on the disk.

        Returns:
            The spans that the store did not take.

        Raises:
            Refusal: it could not be written. Nothing is lost if it is sent again.
        """
        if not spans and not events:
            return {}
        brought = _Brought(spans, events)
        self._waiting.append(brought)
        self._is_wanted.set()
        return await brought.done

    async def _run(self) -> None:
        while True:
            await self._is_wanted.wait()
            self._is_wanted.clear()
            while self._waiting:
                batch = self._next()
                await self._write(batch)
                for _ in batch:
                    self._waiting.popleft()

    def _next(self) -> list[_Brought]:
        """The first that waits, and those after it that fit beside it. They stay until they are written."""
        batch: list[_Brought] = []
        size = 0
        for brought in self._waiting:
            size += brought.size
            if batch and size > AT_ONCE:
                break
            batch.append(brought)
        return batch

    async def _write(self, batch: Sequence[_Brought]) -> None:
        try:
            refused = await self._store.add_spans(
                [span for brought in batch for span in brought.spans],
                [event for brought in batch for event in brought.events],
            )
        except StoreRejected as exc:
            if len(batch) > 1:  # one of them holds it: the others shall not suffer
                for brought in batch:
                    await self._write([brought])
            else:
                self._fail(batch, Refusal(HTTPStatus.BAD_REQUEST, "the store refuses these spans"), exc)
        except StoreUnavailable as exc:
            after_s = math.ceil(exc.retry_after_s or 5)
            self._fail(batch, not_now("the store cannot be written now; come again", after_s=after_s), exc)
        except EvaluationError as exc:
            self._fail(batch, not_now("the store cannot be written; see the collector's log", after_s=30), exc)
        except Exception as exc:
            log.exception("collector.write_failed")
            self._fail(batch, not_now("the store cannot be written; see the collector's log", after_s=30), exc)
        else:
            self.trouble = ""
            for brought in batch:
                if not brought.done.done():
                    brought.done.set_result(refused)

    def _fail(self, batch: Sequence[_Brought], refusal: Refusal, exc: Exception) -> None:
        told = str(exc) if isinstance(exc, EvaluationError) else type(exc).__name__
        if told != self.trouble:
            log.warning("collector.not_written", error=told)
            self.trouble = told
        for brought in batch:
            if not brought.done.done():
                brought.done.set_exception(refusal)
