"""What a process of the fleet tells over HTTP, where ASSAY_METRICS_PORT is set: `/metrics`, `/healthz`, `/readyz`.

The server runs from the first moment on, in a thread and a loop of its own. The parts of the process join when they are
there. So a process that waits for Redis at its start, or whose loop hangs, says so. What makes the pages is imported
where there are any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from assay.worker.config.settings import Settings
from assay.worker.records.metrics.metric import Sample
from assay.worker.telemetry.observe import add_call_observer, add_observer

if TYPE_CHECKING:
    from assay.worker.fleet.process_pages import ProcessPages
    from assay.worker.telemetry.prometheus.exposition import Family

Role = Literal["assess", "control", "beat"]


class ProcessSide(Protocol):
    """What the process itself knows. `loop_late_s` and `health` are asked from another thread, and do not wait."""

    def loop_late_s(self) -> float:
        """How long the loop has not run what is due."""
        ...

    def worst_lag_s(self) -> float:
        """The largest lateness of the loop within the last minute."""
        ...

    def beat_round_at(self) -> float | None:
        """When beat last went through its schedule (Unix time). None: never, or this is no beat."""
        ...

    def ailing(self) -> str:
        """Why the process does not do its work, although its loop turns. Empty: it does, or waits for Redis."""
        ...

    async def readiness(self) -> tuple[bool, Mapping[str, Any]]:
        """Whether it can take work, and how everything is that it depends on. It never raises, and takes seconds."""
        ...

    async def samples(self) -> Sequence[Sample]:
        """What it serves of the fleet besides its own metrics. It never raises, and takes seconds."""
        ...


_pages: list[ProcessPages] = []


def make_pages(role: Role) -> ProcessPages:
    """The pages of this process, which count its work from now on. Nobody can ask for them until they are served."""
    from assay.worker.fleet.process_pages import ProcessPages

    if not _pages:
        _pages.append(ProcessPages(role))
        add_observer(_pages[0].metrics.count_run)
        add_call_observer(_pages[0].metrics.count_call)
    return _pages[0]


def serve_pages(role: Role, settings: Settings) -> None:
    """Serve this process' pages, where the settings say where."""
    if settings.metrics_port is not None:
        make_pages(role).serve(settings.metrics_host, settings.metrics_port)


def has_pages() -> bool:
    """Whether this process counts its work."""
    return bool(_pages)


def gathered() -> Iterable[Family]:
    """What a scrape would show now, for who sends metrics elsewhere. Nothing where there are no pages.

    Called from a thread of its own: it waits for the process' loop, up to ten seconds.
    """
    return [family for pages in _pages for family in pages.gathered()]


def join_pages(side: ProcessSide) -> None:
    """Tell the pages of this process, if there are any, what it knows."""
    for pages in _pages:
        pages.join(side)
