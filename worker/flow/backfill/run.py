"""Backfill: judge what a time range holds, through the same windows, ledger, queue and workers as a sweep.

Work is released in portions, into a turn that gets little while live traffic waits. A backfill that is killed at any
point is continued by running it again. Windows that are done are passed over. A trace has one ledger entry, whoever
selects it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from assay.judges.schema import Record
from assay.worker.flow.backfill.planning import Planned
from assay.worker.flow.backfill.releasing import Gate, LimitReached, NoWorker, Releasing
from assay.worker.flow.rates import CountedAhead, RateResolver
from assay.worker.flow.window_scan import WindowScanner
from assay.worker.flow.windows import aligned
from assay.worker.ports.clock import Clock
from assay.worker.ports.ledger import Reopening
from assay.worker.records.ledger import count_key
from assay.worker.records.windows import WindowRecord


class BackfillReport(Record):
    """What one run of a backfill released.

    Attributes:
        windows: windows that were looked through.
        done_before: windows that had nothing new, and were passed over.
        selected: newly selected, or opened again.
        already_scored: those whose scores the store had already.
        stopped: why it ended before the range was done: as many were released as asked for, or nobody takes them.
    """

    windows: int = 0
    done_before: int = 0
    selected: int = 0
    already_scored: int = 0
    stopped: Literal["limit", "no_worker"] | None = None

    def and_then(self, other: BackfillReport) -> BackfillReport:
        """Both together, where several stores are worked off one after another."""
        counts = ("windows", "done_before", "selected", "already_scored")
        summed = {name: getattr(self, name) + getattr(other, name) for name in counts}
        return BackfillReport(**summed, stopped=other.stopped)


@dataclass(frozen=True)
class Backfill:
    """Releases the work of a planned range."""

    scanner: WindowScanner
    clock: Clock
    reopening: Reopening
    gate: Gate

    async def run(
        self,
        planned: Planned,
        *,
        only: str | None = None,
        rejudge: bool = False,
        limit: int | None = None,
        by_batch: bool = False,
        progress: Callable[[BackfillReport], None] = lambda report: None,
    ) -> BackfillReport:
        """Release everything of the range that was not released before.

        Args:
            planned: the range.
            only: the one use case to look for.
            rejudge: whether traces that were judged under another version are judged again.
            limit: most judgements to release.
            by_batch: whether the judges' calls may wait for a provider's batch.
            progress: told after each window.

        Raises:
            StoreUnavailable, StoreRejected, StateUnavailable
        """
        scanner = replace(self.scanner, keeps_use_cases=False)
        releasing = Releasing(
            scanner.promiser, scanner.chooser, self.reopening, self.gate, rejudge, limit, by_batch=by_batch
        )
        rates = RateResolver(scanner.windows, scanner.deployment, CountedAhead(planned.counted))
        report = BackfillReport()
        for at in sorted(planned.counted):
            window = await self._window(at)
            if not rejudge and self._is_done(window, planned.counted[at]):
                report = report.model_copy(update={"done_before": report.done_before + 1})
                continue
            release = partial(releasing.release, counted=frozenset(window.not_selected))
            stopped = None
            try:
                await scanner.scan(window, release, rates, self.clock.now(), only=only)
            except LimitReached:
                stopped = "limit"
            except NoWorker:
                stopped = "no_worker"
            report = report.model_copy(
                update={
                    "windows": report.windows + 1,
                    "selected": releasing.selected,
                    "already_scored": releasing.already_scored,
                    "stopped": stopped,
                }
            )
            progress(report)
            if report.stopped:
                break
        await releasing.publish(self.clock.now())
        return report

    async def _window(self, start: datetime) -> WindowRecord:
        """The window as it is recorded by now: a sweep may have been there since it was planned."""
        size = timedelta(seconds=self.scanner.deployment.window_seconds)
        end = aligned(start, size) + size
        recorded = await self.scanner.windows.between(start, end)
        if recorded and recorded[0].start == start:
            return recorded[0]
        # Beside a window of another size there is what that one leaves.
        return WindowRecord(start=start, end=min(end, recorded[0].start) if recorded else end)

    def _is_done(self, window: WindowRecord, counted: Mapping[str, int]) -> bool:
        """Whether all that is in the window now was chosen from before, by every rubric."""
        deployment = self.scanner.deployment
        keys = {
            count_key(name, rubric)
            for name, n in counted.items()
            if n and (case := deployment.use_case(name)) is not None
            for rubric in deployment.rubrics_of(case)
        }
        return all(window.seen.get(name, 0) >= n for name, n in counted.items()) and keys <= set(window.not_selected)
