"""Baselines and checks of one record: captured, compared and kept. The fleet and the commands work through it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from assay.worker.config.drifting import Drifting
from assay.worker.ports.history import History
from assay.worker.records.history import HistoryQuery
from assay.worker.signals.drift.capturing import Origin, captured
from assay.worker.signals.drift.comparing import Comparison, Rules
from assay.worker.signals.drift.observations import Observations
from assay.worker.signals.drift.reading import Asked, ReadTraces, read_observations
from assay.worker.signals.drift.records import (
    BASELINE_KIND,
    CHECK_KIND,
    DriftBaseline,
    DriftCheck,
    UnreadableBaseline,
    baseline_document,
    baseline_of,
    check_document,
    check_of,
)
from assay.worker.statistics.drift_permutation import SPLITS
from assay.worker.statistics.drift_psi import effective_size

LEAST_GOLDEN = 50
"""Items of a golden set that make a baseline: as many as a set must have."""

KEPT_DAYS = 400
"""How far back baselines and checks are listed."""


class Period(NamedTuple):
    """Traces that started in [since, until)."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class DriftDesk:
    """All work on drift in one record.

    Attributes:
        history: the record.
        settings: the section `drift` of assay.yaml.
        splits: random splits of each test.
    """

    history: History
    settings: Drifting
    splits: int = SPLITS

    async def traces(
        self, use_case: str, period: Period, *, release: str | None = None, vectors_from: str | None = None
    ) -> ReadTraces:
        """A use case's traces of a period.

        Raises:
            HistoryUnavailable, ConfigurationError
        """
        query = HistoryQuery(since=period.since, until=period.until, use_cases=(use_case,))
        return await read_observations(self.history.reader, Asked(query, release, vectors_from))

    async def capture(self, origin: Origin, traces: Observations, at: datetime) -> DriftBaseline:
        """Take a baseline, and keep it: from now on it is in force.

        Raises:
            TooFewTraces, ConfigurationError, HistoryUnavailable
        """
        least = LEAST_GOLDEN if origin.source == "golden" else self.settings.min_traces
        baseline = await asyncio.to_thread(captured, traces, origin, at, least=least)
        await self.history.documents.keep(baseline_document(baseline))
        return baseline

    async def baseline(self, use_case: str) -> DriftBaseline | None:
        """The one in force.

        Raises:
            UnreadableBaseline, HistoryUnavailable, ConfigurationError
        """
        return baseline_of(await self.history.documents.latest(BASELINE_KIND, use_case))

    async def last_check(self, use_case: str) -> DriftCheck | None:
        """The last one that was kept.

        Raises:
            HistoryUnavailable, ConfigurationError
        """
        return check_of(await self.history.documents.latest(CHECK_KIND, use_case))

    async def checked_at(self, use_case: str) -> datetime | None:
        """When the last check was made.

        Raises:
            HistoryUnavailable, ConfigurationError
        """
        document = await self.history.documents.latest(CHECK_KIND, use_case)
        return document.at if document else None

    async def checks(self, now: datetime) -> Sequence[DriftCheck]:
        """All that were kept, in the order of time.

        Raises:
            HistoryUnavailable, ConfigurationError
        """
        documents = await self.history.documents.since(CHECK_KIND, now - timedelta(days=KEPT_DAYS))
        return [check for check in map(check_of, documents) if check is not None]

    async def check(self, use_case: str, period: Period, at: datetime) -> DriftCheck:
        """Hold a use case's traffic against the baseline in force. Nothing is kept.

        Raises:
            HistoryUnavailable, ConfigurationError
        """
        try:
            baseline = await self.baseline(use_case)
        except UnreadableBaseline as exc:
            return DriftCheck(use_case=use_case, state="waiting", at=at, note=str(exc))
        if baseline is None:
            return DriftCheck(use_case=use_case, state="waiting", at=at, note=self._without_baseline(use_case))
        period = after(baseline, period)
        draft = DriftCheck(
            use_case=use_case,
            state="waiting",
            at=at,
            since=period.since,
            until=period.until,
            baseline=baseline.name,
            baseline_of=baseline.of,
            baseline_at=baseline.captured_at,
            n_baseline=baseline.n,
            alpha=self.settings.alpha,
        )
        if period.since >= period.until:
            return draft.model_copy(update={"note": "no traffic after the baseline's own yet"})
        seen = await self.traces(use_case, period)
        return await self._compared(draft, baseline, seen)

    async def keep(self, check: DriftCheck) -> None:
        """Keep a check.

        Raises:
            HistoryUnavailable, ConfigurationError
        """
        await self.history.documents.keep(check_document(check))

    async def _compared(self, draft: DriftCheck, baseline: DriftBaseline, seen: ReadTraces) -> DriftCheck:
        if seen.traces < self.settings.min_traces:
            note = f"{seen.traces} of {self.settings.min_traces} traces that a comparison needs (drift.min_traces)"
            return draft.model_copy(update={"note": note, "n": seen.traces})
        traces = seen.observations
        if baseline.vectors_from and traces.vectors_from != baseline.vectors_from:
            # Of two makers in one period, those count that the baseline knows.
            period = Period(draft.since or draft.at, draft.until or draft.at)
            own = await self.traces(draft.use_case, period, vectors_from=baseline.vectors_from)
            traces = own.observations
        features = await asyncio.to_thread(Comparison(baseline, traces, self.rules).features)
        counts = {"n": seen.traces, "n_effective": effective_size(traces.weights, traces.clusters)}
        return draft.model_copy(update={"state": "checked", "features": features, **counts})

    @property
    def rules(self) -> Rules:
        """When a change is called drift here."""
        own = self.settings
        return Rules(own.alpha, own.least_change, own.least_share_change, self.splits)

    def _without_baseline(self, use_case: str) -> str:
        by_hand = f"capture one with `assay drift baseline --use-case {use_case}`"
        if not self.settings.automatic_baseline:
            return f"no baseline; {by_hand}"
        return (
            f"no baseline yet: one is taken from the last 7 full UTC days once they hold "
            f"{self.settings.baseline_traces} traces on 5 of them at least, or {by_hand}"
        )


def after(baseline: DriftBaseline, period: Period) -> Period:
    """The part of a period that the baseline was not captured from."""
    if baseline.until is None or baseline.until <= period.since:
        return period
    return Period(baseline.until, period.until)
