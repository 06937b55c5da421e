"""The worst traces behind an alert that has just fired, as addresses: one look at the record, bounded in time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

import structlog

from assay.judges.errors import EvaluationError
from assay.worker.alerts.states import AlertState
from assay.worker.ports.trace_links import trace_url
from assay.worker.records.history import HistoryQuery
from assay.worker.wiring.runtime import Runtime

LOOK_BACK = timedelta(hours=2)
"""Traces that started earlier than this are not what a present alert is about."""

MOST_LINKS = 3
TIMEOUT_S = 5.0
LONGEST_URL = 2_000

log = structlog.get_logger(__name__)


class _Bad(NamedTuple):
    risk: float
    started: int
    trace_id: str
    observation_id: str


class WorstTraces:
    """Finds them in the record of a runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def links(self, state: AlertState) -> Mapping[str, str]:
        """Up to three addresses by their words, e.g. `trace of risk 0.97 (1)`. None where anything fails."""
        if state.use_case is None or "rubric" not in state.labels:
            return {}
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._links(state.use_case, state.labels["rubric"])
        except (TimeoutError, EvaluationError) as exc:
            log.warning("alerts.no_trace_links", rule=state.rule, error=type(exc).__name__)
            return {}

    async def _links(self, use_case: str, rubric: str) -> dict[str, str]:
        links: dict[str, str] = {}
        for answer in await self._worst(use_case, rubric):
            url = await trace_url(self._runtime.store, answer.trace_id, answer.observation_id or None)
            if url is not None and len(url) <= LONGEST_URL:
                links[f"trace {len(links) + 1}, risk {answer.risk:.2f}"] = url
        return links

    async def _worst(self, use_case: str, rubric: str) -> list[_Bad]:
        now = self._runtime.clock.now()
        query = HistoryQuery(since=now - LOOK_BACK, until=now, use_cases=(use_case,), rubrics=(rubric,))
        worst: list[_Bad] = []
        async for block in self._runtime.history.reader.blocks(
            query, ("risk", "started_at", "trace_id", "observation_id")
        ):
            risks = block["risk"].floats()
            for row in (risks > (worst[0].risk if len(worst) == MOST_LINKS else 0.0)).nonzero()[0].tolist():
                bad = _Bad(
                    float(risks[row]),
                    int(block["started_at"][row]),
                    str(block["trace_id"][row]),
                    str(block["observation_id"][row] or ""),
                )
                worst = sorted({each.trace_id: each for each in sorted([*worst, bad])}.values())[-MOST_LINKS:]
        return sorted(worst, reverse=True)
