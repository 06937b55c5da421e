"""What traces recorded: the samples that their rubric would judge, for golden sets and for asking again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from assay.judges.errors import ConfigurationError, EvaluationError, UnjudgeableSample
from assay.judges.redaction.policy import Redaction
from assay.judges.redaction.redact import FAILED, redacted_sample
from assay.judges.rubric import Rubric
from assay.judges.schema import Sample
from assay.judges.team_files.near_names import did_you_mean
from assay.worker.config.deployment import Deployment
from assay.worker.config.redaction import redaction_of
from assay.worker.config.use_cases import UseCase
from assay.worker.extraction.samples import build_sample
from assay.worker.flow.batching import chunks
from assay.worker.flow.redacted_facts import redacted_id
from assay.worker.flow.selection import matching_use_cases
from assay.worker.ports.history import HistoryReader, HistoryUnavailable
from assay.worker.ports.source import TraceReader, trace_in
from assay.worker.ports.store_errors import StoreError
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.setup.meant_traces import several_have_it, traces_meant
from assay.worker.wiring.runtime import Runtime
from assay.worker.wiring.stores import OpenStores

LOOK_BACK = timedelta(days=31)
"""How far back a trace is looked for that the record does not know."""

MOST_TRACES = 200
"""Traces of one call: as many as a golden set may have items."""

_AT_ONCE = 50


@dataclass(frozen=True)
class RecordedSample:
    """A trace, the use case whose policy holds for it, and what its rubric would judge.

    Attributes:
        recorded: the sample as the application had it. It goes nowhere but to the application.
        sample: the same as that policy lets it be shown, written down and judged.
        redaction: that policy.
    """

    trace: Trace
    use_case: UseCase
    rubric: Rubric
    recorded: Sample
    sample: Sample
    redaction: Redaction

    @property
    def source_id(self) -> str:
        """The trace's session, or a digest of it where it is private. The trace itself where there is none."""
        root = self.trace.root
        return redacted_id(root.session_id, self.redaction) or root.trace_id


@dataclass(frozen=True)
class SampleFinder:
    """Finds what was recorded.

    Attributes:
        store: where traces are.
        record: knows when older traces began.
        deployment: whose use cases match traces.
        rubrics: by name, those in use.
        now: the current moment.
        stores: those of the deployment, each of which may have a trace of an id that names none.
    """

    store: TraceReader
    record: HistoryReader
    deployment: Deployment
    rubrics: Mapping[str, Rubric]
    now: datetime
    stores: OpenStores

    @classmethod
    def of(cls, runtime: Runtime) -> SampleFinder:
        """The finder of a deployment."""
        return cls(
            store=runtime.store,
            record=runtime.history.reader,
            deployment=runtime.deployment,
            rubrics=runtime.rubrics,
            now=runtime.clock.now(),
            stores=runtime.stores,
        )

    async def samples(
        self, trace_ids: Sequence[str], *, rubric: Rubric | None = None, use_case: str | None = None
    ) -> list[RecordedSample]:
        """The samples of these traces, in their order, each once.

        Args:
            trace_ids: the store's ids.
            rubric: whose selectors find the parts. None: the first rubric of the trace's use case.
            use_case: whose policy holds. None: the one that the trace matches.

        Raises:
            ConfigurationError: a trace is not there, is in several stores, matches no use case, or holds no answer
                or question.
            StoreError, HistoryUnavailable
        """
        wanted = list(dict.fromkeys(trace_ids))
        if len(wanted) > MOST_TRACES:
            raise ConfigurationError(f"{len(wanted)} traces: at most {MOST_TRACES} at once; name fewer")
        given = None if use_case is None else self._named(use_case)
        meant = {written: traces_meant(self.stores, written) for written in wanted}
        traces: dict[str, Trace] = {}
        unread: dict[str, EvaluationError] = {}
        for ids in chunks([trace_id for candidates in meant.values() for trace_id in candidates], _AT_ONCE):
            traces |= await self._fetched(ids, unread)
        self._check_all_there(meant, traces, unread)
        there = {trace_id: None for candidates in meant.values() for trace_id in candidates if trace_id in traces}
        return [self._sample(traces[trace_id], rubric, given) for trace_id in there]

    def _check_all_there(
        self,
        meant: Mapping[str, Sequence[str]],
        traces: Mapping[str, Trace],
        unread: Mapping[str, EvaluationError],
    ) -> None:
        """See that each id is one trace's.

        Raises:
            ConfigurationError: it is nobody's, or several stores have one.
            StoreError, HistoryUnavailable: what could not be read may have it.
        """
        missing = []
        for written, candidates in meant.items():
            there = [trace_id for trace_id in candidates if trace_id in traces]
            if len(there) > 1:
                raise ConfigurationError(several_have_it(self.stores, written, there))
            if not there:
                missing.append(written)
                for trace_id in candidates:
                    if trace_id in unread:
                        raise unread[trace_id]
        if missing:
            others = f" (nor are {len(missing) - 1} others, as {missing[1]!a})" if missing[1:] else ""
            raise ConfigurationError(
                f"trace {missing[0]!a}: not in the store's last {LOOK_BACK.days} days, or it has no root{others}; "
                "check the id"
            )

    async def _fetched(self, trace_ids: Sequence[str], unread: dict[str, EvaluationError]) -> dict[str, Trace]:
        """The traces that are there. Notes why one could not be read, or not be looked for in older days."""
        fetched = await self.store.fetch_traces([await self._key(trace_id, unread) for trace_id in trace_ids])
        traces: dict[str, Trace] = {}
        for trace_id in trace_ids:
            try:
                trace = trace_in(fetched, trace_id)
            except StoreError as exc:
                unread[trace_id] = exc
            else:
                traces |= {trace_id: trace} if trace else {}
        return traces

    async def _key(self, trace_id: str, unread: dict[str, EvaluationError]) -> TraceKey:
        try:
            rows = await self.record.rows_of(trace_id)
        except (HistoryUnavailable, ConfigurationError) as exc:
            # Only of older traces does the record know more than the store.
            unread[trace_id], rows = exc, ()
        if rows:
            start, end = rows[-1].started_at, rows[-1].ended_at
            return TraceKey(trace_id=trace_id, start=start, end=end)
        return TraceKey(trace_id=trace_id, start=self.now - LOOK_BACK, end=self.now)

    def _named(self, name: str) -> UseCase:
        case = self.deployment.use_case(name)
        if case is None:
            known = did_you_mean(name, [case.name for case in self.deployment.use_cases])
            raise ConfigurationError(f"--use-case: {name!a} is not in assay.yaml; {known}")
        return case

    def _sample(self, trace: Trace, rubric: Rubric | None, given: UseCase | None) -> RecordedSample:
        case = given or next(iter(matching_use_cases(trace.root, self.deployment)), None)
        if case is None:
            # Its policy says where the text may go, so without one it goes nowhere.
            raise ConfigurationError(f"trace {trace.id!a}: matches no use case; name one with --use-case")
        chosen = rubric or self.rubrics[self.deployment.rubrics_of(case)[0]]
        redaction = redaction_of(self.deployment, case.name)
        try:
            recorded = build_sample(trace, chosen.sample)
            sample = redacted_sample(recorded, redaction).sample
        except UnjudgeableSample as exc:
            why = "its private values cannot be replaced" if exc.reason == FAILED else "it holds no answer"
            raise ConfigurationError(
                f"trace {trace.id!a}: {why}; see `assay rubrics preview {chosen.name} --trace {trace.id}`"
            ) from exc
        if not sample.question:
            raise ConfigurationError(
                f"trace {trace.id!a}: rubric {chosen.name} finds no question in it; "
                f"see `assay rubrics preview {chosen.name} --trace {trace.id}`"
            )
        return RecordedSample(trace, case, chosen, recorded, sample, redaction)
