"""What reader and writer share: connections to one database, and threads in which its driver waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from threading import Lock
from typing import TypeVar

import sqlalchemy
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from assay.judges.errors import EvaluationError
from assay.worker.history.places import Place, RefusedRow
from assay.worker.history.schema import bring_up_to_date
from assay.worker.ports.history import HistoryUnavailable

T = TypeVar("T")

THREADS = 4
"""Calls at a time. They have threads of their own: a database that does not answer must not hold up name look-ups and
files, which wait in the loop's."""

_IS_PREPARED = "assay: the schema is up to date"


class Connection:
    """Engines that are made at first use, and what runs on them."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._making = Lock()
        self._engines: dict[bool, Engine] = {}
        self._threads: ThreadPoolExecutor | None = None

    def in_thread(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Run what waits for the database beside the event loop. It begins now, not when it is awaited.

        Raises (once awaited):
            HistoryUnavailable, ConfigurationError
        """
        return asyncio.get_running_loop().run_in_executor(self._executor(), self._mapped, work)

    async def write(self, work: Callable[[sqlalchemy.Connection], T]) -> T:
        """Run statements in one transaction that writes. The schema is made and brought up to date before the first.

        Raises:
            HistoryUnavailable, ConfigurationError
            RefusedRow: it is about a row, so others may be written.
        """
        return await self.in_thread(lambda: self._write(work))

    async def read(self, work: Callable[[sqlalchemy.Connection], T]) -> T:
        """Run statements in one transaction that reads.

        Raises:
            HistoryUnavailable, ConfigurationError
        """

        def reading() -> T:
            with self.begun(writing=False) as connection:
                return work(connection)

        return await self.in_thread(reading)

    def engine(self, *, writing: bool) -> Engine:
        """The connections that write, or those that read."""
        with self._making:
            if writing not in self._engines:
                self._engines[writing] = self.place.engine(writing=writing)
            return self._engines[writing]

    @contextmanager
    def begun(self, *, writing: bool) -> Iterator[sqlalchemy.Connection]:
        """A transaction. What a driver fails with as it connects is no fault of a row, so it is told of the place.

        Raises:
            HistoryUnavailable, ConfigurationError
        """
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(self.engine(writing=writing).begin())
            except (SQLAlchemyError, OSError, EvaluationError):
                raise
            except Exception as exc:  # noqa: BLE001  # whatever a library raises, doctor and status tell it
                raise HistoryUnavailable(
                    f"{self.place.shown}: connecting fails with {type(exc).__name__}; this is a fault of Assay's, "
                    "please report it"
                ) from None  # the cause may hold the address with its password
            yield connection

    async def close(self) -> None:
        """Release connections and threads; the next call would open them again."""
        with self._making:
            engines, self._engines = self._engines, {}
            threads, self._threads = self._threads, None
        if threads is not None:
            await asyncio.to_thread(threads.shutdown)
        for engine in engines.values():
            with suppress(EvaluationError):
                await asyncio.to_thread(self._mapped, engine.dispose)

    def _executor(self) -> ThreadPoolExecutor:
        with self._making:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="assay-record")
            return self._threads

    def _mapped(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except (DataError, IntegrityError) as exc:
            raise RefusedRow(f"{self.place.shown}: refuses what a row holds ({type(exc.orig).__name__})") from None
        except (SQLAlchemyError, OSError) as exc:
            raise self.place.problem(exc) from None  # the cause may hold the address with its password

    def _write(self, work: Callable[[sqlalchemy.Connection], T]) -> T:
        with self.begun(writing=True) as connection:
            # Kept with the driver's connection: a new one may lead to another database, and so may any error.
            state = connection.info
            if not state.pop(_IS_PREPARED, False):
                bring_up_to_date(connection, self.place)
            outcome = work(connection)
        state[_IS_PREPARED] = True
        return outcome
