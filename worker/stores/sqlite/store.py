"""The trace store port on SQLite, with what an embedded store needs beside it: traces put in, scores by trace."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import EvaluationError
from assay.worker.ports.batch_sizes import FETCH_LIMIT, READ_LIMIT, distinct
from assay.worker.ports.capabilities import Examination, LoggedEvent, SpanKey
from assay.worker.ports.health import Check
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.spans import Attributes, Span
from assay.worker.records.traces import OWN_ENVIRONMENT, Trace, TraceKey, TraceRoot, utc_iso
from assay.worker.stores.sqlite import rows, statements
from assay.worker.stores.sqlite.connection import Database
from assay.worker.stores.sqlite.examine import ages_check, rights_check
from assay.worker.stores.sqlite.resources import roots_that_fit, with_resource
from assay.worker.stores.sqlite.spans import Spans

PAGE = 500
"""Roots in one page of `list_roots`."""

_CHUNK = 200
"""Traces in one transaction of `add_traces`: other processes write in between, and memory stays bounded."""


class SqliteStore:
    """Traces and scores in one file that several processes may use at once.

    Every call gives up with StoreUnavailable when the file stays locked for `busy_timeout_s` seconds. The file
    must lie on a local disk: WAL needs shared memory, which network file systems do not give.
    """

    def __init__(self, path: Path, *, busy_timeout_s: float = 30.0) -> None:
        self.path = path
        self._database = Database(path, busy_timeout_s=busy_timeout_s)
        self._spans = Spans(self._database)

    async def project_id(self) -> str:
        """The random id the file got when it was created."""
        return str((await self._database.fetch(statements.PROJECT_ID))[0]["value"])

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of roots with `start <= root.start < end`, in order of time: up to 500, fewer of large ones.

        Paged by position, not by offset: what is added meanwhile moves no page.

        Raises:
            StoreUnavailable, StoreRejected
            ValueError: a bound without a time zone.
        """
        if start.tzinfo is None or end.tzinfo is None:
            raise ValueError("list_roots takes aware moments")
        after, before = (utc_iso(start), ""), utc_iso(end)
        while True:
            bounds = (*after, before, OWN_ENVIRONMENT)
            sizes = await self._database.fetch(statements.SIZES_OF_ROOTS, (*bounds, PAGE))
            page = await self._database.fetch(statements.LIST_ROOTS, (*bounds, roots_that_fit(sizes)))
            if page:
                yield await in_thread(_roots, page, await self._spans.resources(row["resource"] for row in page))
            if not page or len(page) == len(sizes) < PAGE:
                return
            after = (page[-1]["start"], page[-1]["id"])

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """Traces whose first span began in a range and whose root did not come. What is imported has one.

        Raises:
            StoreUnavailable, StoreRejected
        """
        return await self._spans.count_rootless(start, end)

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """Whole traces by id, at most 200 at once; unknown ids are absent.

        Raises:
            StoreUnavailable, StoreRejected
            ValueError: more than 200 ids.
        """
        ids = distinct((key.trace_id for key in keys), limit=FETCH_LIMIT)
        kinds = await self._database.fetch(statements.select_kinds(len(ids)), ids)
        collected = [row["id"] for row in kinds if row["collected"]]
        imported = [row["id"] for row in kinds if not row["collected"]]
        traces = await self._database.fetch(statements.select_traces(len(imported)), imported)
        observations = await self._database.fetch(statements.select_observations(len(imported)), imported)
        whole = await in_thread(rows.traces_of, traces, observations)
        return {**whole, **await self._spans.fetch(collected)} if collected else whole

    async def add_spans(self, spans: Sequence[Span], events: Sequence[LoggedEvent] = ()) -> Mapping[SpanKey, str]:
        """Add spans and events in any order, each once: of two forms of a span the one that ends later stays.

        Spans of ours are left out. A return means that everything is on the disk.

        Returns:
            The spans that were not taken, each with why: there are limits on one trace.

        Raises:
            StoreUnavailable: perhaps some were added; all may be given again.
        """
        return await self._spans.add(spans, events)

    async def forget_spans(self, before: datetime) -> int:
        """Delete what traces are made of whose first span came before a moment, the traces and their scores.

        What was imported stays.

        Returns:
            How many traces were forgotten.

        Raises:
            StoreUnavailable
        """
        return await self._spans.forget(before)

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Write or overwrite scores by id: all of them, or none if one is refused.

        Raises:
            StoreUnavailable
            StoreRejected: a value that is no finite number, or a trace the file does not have.
        """
        now = utc_iso(datetime.now(UTC))
        given = [rows.score_row(score, now=now) for score in scores]
        try:
            async with self._database.transaction() as writer:
                await writer.executemany(statements.UPSERT_SCORE, given)
        except StoreRejected as exc:
            if missing := await self._missing({score.trace_id for score in scores}):
                raise StoreRejected(
                    f"{self.path}: {len(missing)} of the scores' traces are not in this store, the first is "
                    f"{missing[0]!a}; import the traces before scoring them"
                ) from exc
            raise

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        """The scores under these ids, at most 100 at once; unknown ids are absent.

        Raises:
            StoreUnavailable, StoreRejected
            ValueError: more than 100 ids.
        """
        wanted = distinct((key.id for key in keys), limit=READ_LIMIT)
        read = await self._database.fetch(statements.select_scores(len(wanted)), wanted)
        return {row["id"]: rows.score_of(row) for row in read}

    async def scored_traces(self, keys: Sequence[TraceKey], names: Sequence[str] | None) -> Mapping[str, list[Score]]:
        """Scores of rubrics, of these names and on these traces, by trace; None for names: of any.

        Raises:
            StoreUnavailable, StoreRejected
            ValueError: more than 100 traces.
        """
        wanted = distinct((key.trace_id for key in keys), limit=READ_LIMIT)
        statement = statements.select_scored(len(wanted), None if names is None else len(names))
        scored: dict[str, list[Score]] = {}
        for row in await self._database.fetch(statement, [*wanted, *(names or ())]):
            scored.setdefault(row["trace_id"], []).append(rows.score_of(row))
        return scored

    async def scores_of(self, trace_id: str) -> tuple[Score, ...]:
        """All scores of one trace, by name.

        Raises:
            StoreUnavailable, StoreRejected
        """
        return tuple(rows.score_of(row) for row in await self._database.fetch(statements.SCORES_OF_TRACE, (trace_id,)))

    async def add_traces(self, traces: Iterable[Trace]) -> int:
        """Add traces, or replace those whose ids are there already; their scores stay. Returns how many were given.

        Written 200 at a time: an error leaves the earlier ones in the store. Where an id comes twice, the later
        trace wins.

        Raises:
            StoreUnavailable
            StoreRejected: a trace the file cannot hold; the message names it.
        """
        remaining, added = iter(traces), 0
        while chunk := await in_thread(_encoded, remaining):
            latest = {trace["id"]: (trace, below) for trace, below in chunk}.values()
            async with self._database.transaction() as writer:
                await writer.executemany(statements.UPSERT_TRACE, [trace for trace, _ in latest])
                await writer.executemany(statements.DELETE_OBSERVATIONS, [trace for trace, _ in latest])
                await writer.executemany(statements.ADD_OBSERVATION, [row for _, below in latest for row in below])
            added += len(chunk)
        return added

    async def count_traces(self) -> int:
        """How many traces the file holds, of all environments.

        Raises:
            StoreUnavailable, StoreRejected
        """
        return int((await self._database.fetch(statements.COUNT_TRACES))[0]["traces"])

    async def count_scores(self) -> int:
        """How many scores the file holds.

        Raises:
            StoreUnavailable, StoreRejected
        """
        return int((await self._database.fetch(statements.COUNT_SCORES))[0]["scores"])

    async def used_bytes(self) -> int:
        """Bytes of the pages that hold something.

        The sizes of the files do not tell that. The log has pages again that the file has too, and keeps its size when
        they were copied. Pages that are free are filled before the file grows.

        Raises:
            StoreUnavailable, StoreRejected
        """
        return int((await self._database.fetch(statements.USED_BYTES))[0]["used"])

    async def examine(self, examination: Examination) -> AsyncIterator[Check]:  # nothing else to see
        """Whether the file can be opened, how many traces are in it, and how old they are."""
        try:
            project = await self.project_id()
            ages = (await self._database.fetch(statements.AGES))[0]
        except EvaluationError as exc:
            yield Check(name="store", status="fail", message=str(exc), remedy="mend store.path in assay.yaml")
        else:
            yield ages_check(project, ages, datetime.now(UTC))
            if (open_file := rights_check(self.path)) is not None:
                yield open_file

    async def close(self) -> None:
        """Close the file. A process that forgets this waits for the store's threads when it ends."""
        await self._database.close()

    async def _missing(self, trace_ids: set[str]) -> list[str]:
        known = await self._database.fetch(statements.select_trace_ids(len(trace_ids)), tuple(trace_ids))
        return sorted(trace_ids - {row["id"] for row in known})


def _roots(page: Sequence[rows.Row], resources: Mapping[int, Attributes]) -> list[TraceRoot]:
    return [with_resource(rows.root_of(row), row["around"], resources.get(row["resource"], {})) for row in page]


def _encoded(traces: Iterator[Trace]) -> list[tuple[rows.Row, list[rows.Row]]]:
    """The rows of the next chunk; empty when there are no more."""
    return [(rows.trace_row(trace), rows.observation_rows(trace)) for trace in islice(traces, _CHUNK)]
