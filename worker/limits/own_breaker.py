"""The breaker of one process: its own calls all fail, though those of others may be answered."""

from __future__ import annotations

import structlog

from assay.judges.errors import CallHeld
from assay.worker.limits.breaker import Breaker
from assay.worker.ports.call_limits import EndKind

FAILURES: frozenset[EndKind] = frozenset({"failed", "timed_out", "denied"})
"""Ends after which a breaker opens, if one comes after the other."""

PROBE_LATER_S = 1.0
"""How much later than the fleet's next probe a process probes whose own calls all failed, in seconds: others, whose
way may be sound, probe first."""

log = structlog.get_logger(__name__)


class OwnBreaker:
    """Holds a process whose way to an endpoint is cut. Its calls fail fast, and would draw all work to themselves.

    Moments are seconds of the process's clock.
    """

    def __init__(self, endpoint: str) -> None:
        """Start closed.

        Args:
            endpoint: its name, for the log.
        """
        self._endpoint = endpoint
        self._breaker = Breaker(later_s=PROBE_LATER_S)

    @property
    def is_open(self) -> bool:
        """Whether only probes may go."""
        return self._breaker.is_open

    def wait_s(self, now: float) -> float:
        """Seconds until the next probe may go."""
        return self._breaker.wait_s(now)

    def begin_probe(self, now: float, lease_s: float) -> None:
        """A probe asks for leave."""
        self._breaker.begin_probe(now, lease_s)

    def abandon_probe(self, now: float, why: BaseException) -> None:
        """It got none. Where nobody gets any, others probe first."""
        if isinstance(why, CallHeld) and why.reason == "breaker":
            now += why.retry_after_s + PROBE_LATER_S
        self._breaker.abandon_probe(now)

    def hear(self, kind: EndKind, now: float) -> bool:
        """A call ended. Whether the breaker opened by it."""
        breaker = self._breaker
        was_open = breaker.is_open
        is_probe = was_open and breaker.probe_until > now
        if kind in FAILURES:
            breaker.failed(now, is_probe=is_probe)
        elif kind != "cancelled":
            breaker.answered()
        elif is_probe:
            breaker.abandon_probe(now)
        if was_open or not breaker.is_open:
            return False
        log.warning("calls.held_here", endpoint=self._endpoint, failures_in_a_row=breaker.run, last=kind)
        return True
