"""Why: every decision that was made about one trace, recomputed where it was never stored."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from assay.judges.hash_sampling import hash64
from assay.judges.schema import Record, Scored
from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import UseCase
from assay.worker.flow import selection
from assay.worker.flow.scores import expected_scores
from assay.worker.flow.verdicts import unpack
from assay.worker.ports.ledger import LedgerReader
from assay.worker.ports.sink import ScoreReader
from assay.worker.ports.source import Project, TraceReader
from assay.worker.ports.store_errors import StoreError
from assay.worker.ports.verdicts import VerdictCache
from assay.worker.ports.windows import Windows
from assay.worker.records.ledger import LedgerEntry, LedgerEvent
from assay.worker.records.scores import Score
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.records.windows import WindowRecord


class RubricStory(Record):
    """What happened to one trace under one rubric."""

    rubric: str
    entry: LedgerEntry | None
    history: tuple[LedgerEvent, ...]
    scores: tuple[Score, ...]
    outcome: Scored | None


class TraceStory(Record):
    """Everything known about one trace, in the order in which it was decided.

    `is_selected` is the hash's answer at `pi`, whether or not the trace was ever swept; None where no use case
    takes the trace or its window was never scanned, so that no rate is known. `unread` says why a trace that the
    store may have is not shown.
    """

    trace_id: str
    trace: Trace | None
    unread: str | None = None
    excluded: bool = False
    use_case: str | None = None
    also_matches: tuple[str, ...] = ()
    hash_fraction: float
    window: WindowRecord | None = None
    pi: float | None = None
    stratum: str | None = None
    is_selected: bool | None = None
    rubrics: tuple[RubricStory, ...] = ()


async def tell(
    trace_id: str,
    deployment: Deployment,
    *,
    source: TraceReader,
    sink: ScoreReader,
    ledger: LedgerReader,
    windows: Windows,
    verdicts: VerdictCache,
) -> TraceStory:
    """Collect the story of one trace: what the store has of it, what was decided, what was written.

    Args:
        trace_id: the trace.
        deployment: which use cases there are.
        source: where the trace is.
        sink: where its scores are.
        ledger: what was promised and what came of it.
        windows: the rates that held when it was swept.
        verdicts: what the judges concluded, as long as it is kept.

    Raises:
        StoreUnavailable, StateUnavailable
    """
    fraction = hash64(selection.selection_salt(deployment.salt), trace_id) / 2**64
    names = sorted({name for case in deployment.use_cases for name in deployment.rubrics_of(case)})
    stories = tuple([await _rubric_story(trace_id, name, source, sink, ledger, verdicts) for name in names])
    key = next((_key(s.entry) for s in stories if s.entry is not None), None)
    fetched = (await source.fetch_traces([key or _unknown_key(trace_id)])).get(trace_id)
    trace, unread = (None, str(fetched)) if isinstance(fetched, StoreError) else (fetched, None)
    story = TraceStory(trace_id=trace_id, trace=trace, unread=unread, hash_fraction=fraction, rubrics=stories)
    if trace is None:
        return story
    cases = selection.matching_use_cases(trace.root, deployment)
    window = await _window(trace.root.start, windows, deployment)
    update: dict[str, object] = {
        "excluded": selection.is_excluded(trace.root, deployment),
        "use_case": cases[0].name if cases else None,
        "also_matches": tuple(case.name for case in cases[1:]),
        "window": window,
    }
    return story.model_copy(update={**update, **_selection(trace, cases, window, deployment)})


def _selection(
    trace: Trace, cases: list[UseCase], window: WindowRecord | None, deployment: Deployment
) -> dict[str, object]:
    rate = window.rates.get(cases[0].name) if cases and window else None
    if rate is None:
        return {}
    chosen = selection.decide(trace.root, cases[0], rate.rate, deployment.salt)
    if chosen is None:
        return {"pi": rate.rate, "is_selected": False}
    return {"pi": chosen.pi, "stratum": chosen.stratum, "is_selected": True}


async def _rubric_story(
    trace_id: str, rubric: str, project: Project, sink: ScoreReader, ledger: LedgerReader, verdicts: VerdictCache
) -> RubricStory:
    entry = (await ledger.entries(rubric, [trace_id])).get(trace_id)
    scores: Iterable[Score] = ()
    outcome = None
    if entry is not None and entry.judgement is not None:
        ids = expected_scores(entry, await project.project_id())
        scores = (await sink.read_scores(ids)).values()
        kept = await verdicts.kept([entry.judgement.verdict_key])
        verdict = unpack(kept[entry.judgement.verdict_key]) if kept else None
        outcome = verdict.outcome if verdict else None
    history = await ledger.history(rubric, trace_id)
    return RubricStory(rubric=rubric, entry=entry, history=tuple(history), scores=tuple(scores), outcome=outcome)


async def _window(start: datetime, windows: Windows, deployment: Deployment) -> WindowRecord | None:
    size = timedelta(seconds=deployment.window_seconds)
    return next((w for w in await windows.between(start - size, start + size) if w.start <= start < w.end), None)


def _key(entry: LedgerEntry) -> TraceKey:
    return TraceKey(trace_id=entry.trace_id, start=entry.promise.start, end=entry.promise.end)


def _unknown_key(trace_id: str) -> TraceKey:
    """Bounds for a trace that was never selected: anywhere in time."""
    return TraceKey(trace_id=trace_id, start=datetime(2000, 1, 1, tzinfo=UTC), end=datetime(2100, 1, 1, tzinfo=UTC))
