"""What some trace stores can do and others cannot, one small protocol each.

Callers ask an open store: `isinstance(store, WithRootCounts)`. Before a store is open, its factory tells which of these
it has. Nobody asks for a store's kind. Larger capabilities have files of their own: reviews, datasets, experiments.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from assay.judges.schema import Record
from assay.worker.ports.health import Check
from assay.worker.ports.source import Fetched
from assay.worker.records.scores import Score, SessionScore
from assay.worker.records.spans import Span, SpanEvent
from assay.worker.records.traces import Trace, TraceKey


@runtime_checkable
class WithTraceImport(Protocol):
    """A store that takes traces in: `assay import`, the demo."""

    async def add_traces(self, traces: Iterable[Trace]) -> int:
        """Add traces, or replace those whose ids are there already. Returns how many were given.

        Raises:
            StoreUnavailable, StoreRejected
        """
        ...


class SpanKey(NamedTuple):
    """What tells a span from all others."""

    trace_id: str
    span_id: str


class LoggedEvent(NamedTuple):
    """An event that was logged by itself, and names the span that it belongs to."""

    key: SpanKey
    event: SpanEvent


@runtime_checkable
class WithSpanIntake(Protocol):
    """A store that takes spans in as a receiver gets them, and makes traces of them: `assay collector`."""

    async def add_spans(self, spans: Sequence[Span], events: Sequence[LoggedEvent] = ()) -> Mapping[SpanKey, str]:
        """Add spans and events in any order; what is given again is kept once, of two forms the one that ends later.

        A return means that they are on the disk. Spans of ours are left out silently.

        Returns:
            The spans that were not taken, each with why: their trace is as large as the store lets it become.

        Raises:
            StoreUnavailable: perhaps some were added; all may be given again.
        """
        ...

    async def forget_spans(self, before: datetime) -> int:
        """Delete what traces are made of whose first span came before a moment, the traces and their scores.

        Traces that were imported whole stay.

        Returns:
            How many traces were forgotten.

        Raises:
            StoreUnavailable
        """
        ...


@runtime_checkable
class WithTotals(Protocol):
    """A store that counts what it holds."""

    async def count_traces(self) -> int:
        """How many traces it holds, of all environments."""
        ...

    async def count_scores(self) -> int:
        """How many scores it holds."""
        ...

    async def used_bytes(self) -> int:
        """How much of its disk it uses."""
        ...


@runtime_checkable
class WithScoredTraces(Protocol):
    """A store that can be asked for the scores of traces, whichever ids they have."""

    async def scored_traces(
        self, keys: Sequence[TraceKey], names: Sequence[str] | None
    ) -> Mapping[str, Collection[Score]] | None:
        """Scores of rubrics, of these names and on these traces, by trace; None where this server cannot tell.

        A score is a rubric's if its metadata say so. Scores of people and of other programs are not looked at. A
        comment may be left out.

        Args:
            keys: of at most 100 traces.
            names: of scores. Others are not looked at. None: of any name. Then a store may look at a part only where
                traces have very many scores.

        Raises:
            StoreUnavailable, StoreRejected
        """
        ...


@runtime_checkable
class WithSessionScores(Protocol):
    """A store that shows scores on sessions: conversations of several traces."""

    async def write_session_scores(self, scores: Sequence[SessionScore]) -> None:
        """Write or overwrite scores by id. A return means accepted, not yet readable.

        Raises:
            StoreUnavailable, StoreRejected
        """
        ...


@runtime_checkable
class WithWholeMetadata(Protocol):
    """A store that cuts long metadata values unless it is asked for them."""

    async def fetch_whole(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """As `fetch_traces`, with every value of the metadata whole. It asks more often: for a few traces.

        Raises:
            StoreUnavailable, StoreRejected
        """
        ...


@runtime_checkable
class WithRootCounts(Protocol):
    """A store with metrics of its own, which the sweeps' denominators are held against."""

    async def count_roots(self, start: datetime, end: datetime) -> int | None:
        """Roots that began in a range, our own environment left out; None where this server cannot tell.

        Raises:
            StoreUnavailable, StoreRejected
        """
        ...


class RequestBudget(Record):
    """How much a store may be asked, and how much one request gives.

    `reads_per_minute` bounds listing, fetching and reading back. `writes_per_minute` bounds writing scores.
    """

    reads_per_minute: int
    writes_per_minute: int
    roots_per_request: int
    traces_per_request: int
    scores_per_request: int


@runtime_checkable
class WithRequestBudget(Protocol):
    """A store with limits on requests, which `assay plan` counts against."""

    async def request_budget(self) -> RequestBudget:
        """What one minute allows.

        Raises:
            StoreUnavailable, ConfigurationError
        """
        ...


@runtime_checkable
class WithTrafficHints(Protocol):
    """A store that knows why its traces become readable late; `assay init` writes it beside the setting."""

    async def why_late(self) -> str:
        """The reason, as it reads before "up to 20 minutes late"; empty where there is nothing to add.

        Raises:
            StoreUnavailable, StoreRejected
        """
        ...


class Examination(Record):
    """What `assay doctor` wants to know of a store.

    `excluded` are the environments that are never judged, `queues` the review queues in use. `write` allows a test
    score, which is deleted again.
    """

    excluded: Sequence[str] = ()
    queues: Sequence[str] = ()
    write: bool = False


@runtime_checkable
class WithExamination(Protocol):
    """A store that can look at itself for `assay doctor`."""

    def examine(self, examination: Examination) -> AsyncIterator[Check]:
        """Every check in turn; later ones are left out where an earlier one makes them pointless."""
        ...
