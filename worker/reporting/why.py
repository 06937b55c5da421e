"""Why: every decision that was made about one trace, recomputed where it was never stored."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import ConfigurationError
from assay.judges.hash_sampling import hash64
from assay.judges.schema import Record, Scored
from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import UseCase
from assay.worker.flow import selection
from assay.worker.flow.candidates import Chooser
from assay.worker.flow.coverage import uncovered_reason
from assay.worker.flow.scores import expected_scores
from assay.worker.flow.verdicts import unpack
from assay.worker.ports.history import HistoryReader, HistoryUnavailable
from assay.worker.ports.ledger import LedgerReader
from assay.worker.ports.sink import ScoreReader
from assay.worker.ports.source import TraceReader
from assay.worker.ports.store_errors import StoreError
from assay.worker.ports.trace_links import trace_url
from assay.worker.ports.verdicts import VerdictCache
from assay.worker.ports.windows import Windows
from assay.worker.records.history import HistoryRow
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
    takes the trace or its window was never scanned, so that no rate is known. `pi` is the one that was promised, where
    something was. `budget_took_it`: it is not selected, and would have been at the rate without the budget. `unread`
    says why a trace that the store may have is not shown. `url` is its page in the store. `uncovered` says why no sweep
    will look at it by itself, and how it is judged all the same. `project` is what the store calls the project that was
    looked in. `rows` are those of the record that the ledger has no entry for any more; `record_unread` says why the
    record could not be asked.
    """

    trace_id: str
    project: str = ""
    trace: Trace | None
    unread: str | None = None
    url: str | None = None
    uncovered: str | None = None
    excluded: bool = False
    use_case: str | None = None
    also_matches: tuple[str, ...] = ()
    hash_fraction: float
    window: WindowRecord | None = None
    pi: float | None = None
    stratum: str | None = None
    is_selected: bool | None = None
    budget_took_it: bool = False
    rubrics: tuple[RubricStory, ...] = ()
    rows: tuple[HistoryRow, ...] = ()
    record_unread: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether the store, the ledger or the record has ever had the trace."""
        if self.rows or self.trace is not None or self.unread is not None:
            return True
        return any(story.entry for story in self.rubrics)


class StoryStore(TraceReader, ScoreReader, Protocol):
    """The store of a trace and of its scores."""


async def tell(
    trace_id: str,
    deployment: Deployment,
    *,
    store: StoryStore,
    ledger: LedgerReader,
    windows: Windows,
    verdicts: VerdictCache,
    now: datetime,
) -> TraceStory:
    """Collect the story of one trace: what the store has of it, what was decided, what was written.

    Args:
        trace_id: the trace.
        deployment: which use cases there are.
        store: where the trace and its scores are.
        ledger: what was promised and what came of it.
        windows: the rates that held when it was swept.
        verdicts: what the judges concluded, as long as it is kept.
        now: the current moment.

    Raises:
        StoreUnavailable, StateUnavailable
    """
    fraction = hash64(selection.selection_salt(deployment.salt), trace_id) / 2**64
    names = sorted({name for case in deployment.use_cases for name in deployment.rubrics_of(case)})
    project = await store.project_id()
    stories = tuple([await _rubric_story(trace_id, name, project, store, ledger, verdicts) for name in names])
    entry = next((story.entry for story in stories if story.entry is not None), None)
    fetched = (await store.fetch_traces([_key(entry) if entry else _unknown_key(trace_id)])).get(trace_id)
    trace, unread = (None, str(fetched)) if isinstance(fetched, StoreError) else (fetched, None)
    story = TraceStory(
        trace_id=trace_id, project=project, trace=trace, unread=unread, hash_fraction=fraction, rubrics=stories
    )
    if story.is_known:
        observation_id = entry.promise.observation_id if entry else None
        story = story.model_copy(update={"url": await trace_url(store, trace_id, observation_id)})
    if trace is None:
        return story
    window = await _window(trace.root.start, windows, deployment)
    cases = _takers(trace, window, deployment)
    update: dict[str, object] = _selection(trace, cases, window, deployment, entry) | {
        "excluded": selection.is_excluded(trace.root, deployment),
        "use_case": cases[0].name if cases else None,
        "also_matches": tuple(case.name for case in cases[1:]),
        "window": window,
    }
    if entry is None and update.get("is_selected") is not False:
        epoch = await windows.known_epoch()
        update["uncovered"] = uncovered_reason(trace.root.start, window, deployment, epoch, now)
    return story.model_copy(update=update)


async def with_record(story: TraceStory, record: HistoryReader) -> TraceStory:
    """The story with what the record has of it: of forgotten traces, and of earlier versions of a rubric."""
    entries = [rubric.entry.promise for rubric in story.rubrics if rubric.entry]
    told = {(promise.rubric, promise.rubric_hash) for promise in entries}
    try:
        rows = await record.rows_of(story.trace_id)
    except (HistoryUnavailable, ConfigurationError) as exc:
        return story.model_copy(update={"record_unread": str(exc)})
    forgotten = tuple(row for row in rows if (row.rubric, row.rubric_hash) not in told)
    return story.model_copy(update={"rows": forgotten})


def _takers(trace: Trace, window: WindowRecord | None, deployment: Deployment) -> list[UseCase]:
    """The use cases that match, the taker first, as a sweep has it: also in a window of an earlier assay.yaml."""
    cases = selection.matching_use_cases(trace.root, deployment)
    present = Chooser(deployment=deployment, rubrics={}, calibrations={}).policy
    if window is not None and window.policy not in {"", present}:
        cases.sort(key=lambda case: case.name not in window.rates)
    return cases


def _selection(
    trace: Trace,
    cases: list[UseCase],
    window: WindowRecord | None,
    deployment: Deployment,
    entry: LedgerEntry | None,
) -> dict[str, object]:
    if entry is not None:
        # What was promised holds, also where a later scan lowered the window's rate, or assay.yaml was edited.
        return {"pi": entry.promise.pi, "stratum": entry.promise.stratum, "is_selected": True}
    rate = window.rates.get(cases[0].name) if cases and window else None
    if rate is None:
        return {}
    salt, strata = deployment.salt, rate.strata
    chosen = selection.decide(trace.root, cases[0], rate.rate, salt, paced=rate.paced, strata=strata)
    if chosen is None:
        without_budget = selection.decide(trace.root, cases[0], rate.full or rate.rate, salt, strata=strata)
        return {"pi": rate.rate, "is_selected": False, "budget_took_it": without_budget is not None}
    return {"pi": chosen.pi, "stratum": chosen.stratum, "is_selected": True}


async def _rubric_story(
    trace_id: str, rubric: str, project: str, sink: ScoreReader, ledger: LedgerReader, verdicts: VerdictCache
) -> RubricStory:
    entry = (await ledger.entries(rubric, [trace_id])).get(trace_id)
    scores: Iterable[Score] = ()
    outcome = None
    if entry is not None and entry.judgement is not None:
        scores = (await sink.read_scores(expected_scores(entry, project))).values()
        kept = await verdicts.kept([entry.judgement.verdict_key])
        raw = kept.get(entry.judgement.verdict_key)
        verdict = await in_thread(unpack, raw) if raw is not None else None
        outcome = verdict.outcome if verdict else None
    history = await ledger.history(rubric, trace_id)
    return RubricStory(rubric=rubric, entry=entry, history=tuple(history), scores=tuple(scores), outcome=outcome)


async def _window(start: datetime, windows: Windows, deployment: Deployment) -> WindowRecord | None:
    size = timedelta(seconds=deployment.window_seconds)
    # Windows were at most an hour long, whatever `window_seconds` is today.
    recorded = await windows.between(start - timedelta(hours=1), start + size)
    return next((w for w in recorded if w.start <= start < w.end), None)


def _key(entry: LedgerEntry) -> TraceKey:
    return TraceKey(trace_id=entry.trace_id, start=entry.promise.start, end=entry.promise.end)


def _unknown_key(trace_id: str) -> TraceKey:
    """Bounds for a trace that was never selected: anywhere in time."""
    return TraceKey(trace_id=trace_id, start=datetime(2000, 1, 1, tzinfo=UTC), end=datetime(2100, 1, 1, tzinfo=UTC))
