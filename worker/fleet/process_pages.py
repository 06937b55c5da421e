"""The pages of a process: its counters, whether it is alive, whether it can take work. See `pages.py`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import structlog

from assay.worker.fleet.names import TASKS
from assay.worker.fleet.pages import ProcessSide, Role
from assay.worker.fleet.recent import Recent
from assay.worker.records.metrics.metric import Sample
from assay.worker.telemetry.http_pages import Answer, HttpPages
from assay.worker.telemetry.prometheus.counting import NowRead, ProcessMetrics
from assay.worker.telemetry.prometheus.exposition import Family, families_of, metrics_page

HUNG_AFTER_S = 10.0
"""A loop that has not run what was due for so long counts as hung. It only awaits: it is never late by more than a
moment."""

STATE_KEPT_S = 5.0
"""For how long a look at the state, or at what the process depends on, is answered again."""

log = structlog.get_logger(__name__)


class ProcessPages:
    """The pages of this process."""

    def __init__(self, role: Role) -> None:
        """Without parts: alive, not ready, nothing counted.

        Args:
            role: what the process does.
        """
        self._role = role
        self._side: ProcessSide | None = None
        tasks = () if role == "beat" else sorted(name.removeprefix("assay.") for name in TASKS if _is_of(name, role))
        self.metrics = ProcessMetrics(
            role=role, version=version("assay-fleet"), tasks=tasks, now=NowRead(self._lag_s, self._beat_round_at)
        )
        self._samples = Recent(self._read_samples, keep_s=STATE_KEPT_S)
        self._readiness = Recent(self._read_readiness, keep_s=STATE_KEPT_S)

    def join(self, side: ProcessSide) -> None:
        """The process is there."""
        self._side = side

    def serve(self, host: str, port: int) -> HttpPages | None:
        """Serve from now on.

        Returns:
            None: the address cannot be had. That is logged and stops no work.
        """
        server = HttpPages({"/metrics": self.scrape, "/healthz": self.health, "/readyz": self.ready})
        try:
            server.start(host, port)
        except OSError as exc:
            why = exc.strerror or type(exc).__name__
            log.warning("metrics.not_served", host=host, port=port, error=why, remedy="set another ASSAY_METRICS_PORT")
            return None
        log.info("metrics.served", host=host, port=server.port)
        return server

    async def scrape(self, accept: str) -> Answer:
        """`/metrics`."""
        return metrics_page(self.metrics.registry, await self._samples.get(), accept)

    async def health(self, _accept: str) -> Answer:
        """`/healthz`: 200 while the process' loop turns and its rounds go on, whatever Redis does."""
        side = self._side
        late_s = side.loop_late_s() if side is not None else 0.0
        ailing = side.ailing() if side is not None else ""
        if late_s >= HUNG_AFTER_S:
            ailing = f"the event loop has not answered for {late_s:.0f} s"
        told = {"ok": not ailing, "role": self._role, "why": ailing, "loop_late_s": round(late_s, 3)}
        return _as_json(told, is_ok=not ailing)

    async def ready(self, _accept: str) -> Answer:
        """`/readyz`: 200 while the process can take work."""
        is_ready, parts = await self._readiness.get()
        return _as_json({"ready": is_ready, "role": self._role, **parts}, is_ok=is_ready)

    def gathered(self) -> Iterable[Family]:
        """All families of a scrape, read now."""
        return families_of(self.metrics.registry, asyncio.run(self._read_samples()))

    async def _read_samples(self) -> Sequence[Sample]:
        return await self._side.samples() if self._side is not None else ()

    async def _read_readiness(self) -> tuple[bool, Mapping[str, Any]]:
        if self._side is None:
            return False, {"why": "the process is starting"}
        return await self._side.readiness()

    def _lag_s(self) -> float | None:
        return self._side.worst_lag_s() if self._side is not None else None

    def _beat_round_at(self) -> float | None:
        return self._side.beat_round_at() if self._side is not None else None


def _is_of(task: str, role: Role) -> bool:
    return (task == "assay.assess") == (role == "assess")


def _as_json(content: Mapping[str, Any], *, is_ok: bool) -> Answer:
    status = HTTPStatus.OK if is_ok else HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(status, "application/json", (json.dumps(content, default=str) + "\n").encode())
