"""Reads the deployment for the pages: all figures, and the texts of one answer where somebody asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pydantic import SecretStr

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.ports.clock import SystemClock
from assay.worker.serving.figures import Figures, Tell
from assay.worker.serving.state_address import NOWHERE, StateAddress, state_address

if TYPE_CHECKING:
    from assay.worker.reporting.period.answers import MarkedAnswer
    from assay.worker.reporting.period.records import PeriodReport
    from assay.worker.wiring.runtime import Runtime

T = TypeVar("T")

TEXTS_WITHIN_S = 20.0
"""How long the trace store may take for one answer."""


class AskedAnswer(NamedTuple):
    """One of the worst answers of a report."""

    use_case: str
    rubric: str
    revision: str
    trace_id: str
    observation_id: str


def _nobody(_figures: Figures) -> None:
    """Who waits for everything."""


class DeploymentReader:
    """Opens what it needs each time and closes it: so edits of the files count, and a Redis may come and go."""

    def __init__(self, settings: Settings, root: ConfigRoot, *, days: int) -> None:
        """Open nothing yet.

        Args:
            settings: of this process.
            root: where the deployment's files are.
            days: UTC days that are told, today included.
        """
        self._settings = settings
        self._root = root
        self._days = days

    def figures(self, tell: Tell = _nobody) -> Figures:
        """Everything that pages show. Called in a thread.

        Args:
            tell: is given what there is each time when more of it is there.

        Raises:
            ConfigurationError: the deployment's files cannot be used.
        """
        from assay.worker.serving.gathering import Gathering

        async def work(runtime: Runtime, state: StateAddress) -> Figures:
            has_redis = state.url is not None
            return await Gathering(runtime, has_redis=has_redis, why=state.why, days=self._days).read(tell)

        return self._with_runtime(work)

    def answer(self, report: PeriodReport, asked: AskedAnswer) -> MarkedAnswer | None:
        """One of the worst answers of a report with its texts, redacted as in reports. Called in a thread.

        Returns:
            None: the report does not name it.

        Raises:
            HistoryUnavailable, ConfigurationError
        """
        from assay.worker.wiring.period_reports import read_period_answers

        alone = only_answer(report, asked)
        if alone is None:
            return None

        async def work(runtime: Runtime, state: StateAddress) -> MarkedAnswer | None:
            async with asyncio.timeout(TEXTS_WITHIN_S):
                answers = await read_period_answers(runtime, alone, has_redis=state.url is not None)
            return answers[0] if answers else None

        return self._with_runtime(work)

    def _with_runtime(self, work: Callable[[Runtime, StateAddress], Awaitable[T]]) -> T:
        from assay.worker.wiring.runtime import Runtime

        state = state_address(self._settings, self._root)
        url = state.url or NOWHERE
        settings = self._settings.model_copy(update={"redis_url": SecretStr(url)})

        async def run() -> T:
            # Without Redis there is no shared time, and this machine's own has to do.
            clock = None if state.url else SystemClock()
            runtime = Runtime(settings, self._root, redis_url=url, clock=clock)
            try:
                if state.url:
                    await runtime.synchronise_clock()
                return await work(runtime, state)
            finally:
                await runtime.close()

        return asyncio.run(run())


def only_answer(report: PeriodReport, asked: AskedAnswer) -> PeriodReport | None:
    """The report with this one answer as its only worst one. None where the report does not name it."""
    for case in report.use_cases:
        for row in case.revisions:
            if (case.use_case, case.rubric, row.revision) != asked[:3]:
                continue
            for worst in row.worst:
                if (worst.trace_id, worst.observation_id) == asked[3:]:
                    only = row.model_copy(update={"worst": (worst,)})
                    return report.model_copy(update={"use_cases": (case.model_copy(update={"revisions": (only,)}),)})
    return None
