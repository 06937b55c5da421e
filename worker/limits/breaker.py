"""A circuit breaker: after failures in a row nobody asks, but one probe at a time."""

from __future__ import annotations

from dataclasses import dataclass

from assay.worker.limits.rules import FAILURES_TO_OPEN, FIRST_PROBE_S, LONGEST_PROBE_S, PROBE_S


@dataclass
class Breaker:
    """The breaker of an endpoint. Moments are seconds of the account's clock.

    Attributes:
        run: failures in a row.
        run_since: when the first of them was.
        since: when it opened; None: it is closed.
        probe_at: when the next probe may go.
        probe_until: until when the probe under way keeps others away.
        later_s: how much later than usual its probes go.
    """

    run: int = 0
    run_since: float = 0.0
    since: float | None = None
    probe_at: float = 0.0
    probe_until: float = 0.0
    later_s: float = 0.0
    _step: float = FIRST_PROBE_S

    @property
    def is_open(self) -> bool:
        """Whether only probes may go."""
        return self.since is not None

    def wait_s(self, now: float) -> float:
        """Seconds until the next probe may go; 0: now, or the breaker is closed."""
        if self.since is None:
            return 0.0
        if now < self.probe_at:
            return self.probe_at - now
        return min(1.0, self.probe_until - now) if self.probe_until > now else 0.0

    def begin_probe(self, now: float, lease_s: float) -> None:
        """A probe goes."""
        self.probe_until = now + min(lease_s, PROBE_S)

    def abandon_probe(self, now: float) -> None:
        """The probe ended without telling anything of the endpoint."""
        if self.is_open:
            self.probe_at, self.probe_until = now, 0.0

    def answered(self) -> None:
        """The endpoint answered: whatever was wrong is over."""
        self.run, self.since, self.probe_at, self.probe_until = 0, None, 0.0, 0.0

    def answered_at(self, moment: float) -> None:
        """It answered a call then, which nobody told of: the end of a run that began before, but of no outage."""
        if not self.is_open and moment > self.run_since:
            self.run = 0

    def failed(self, now: float, *, is_probe: bool) -> None:
        """A call failed."""
        self.run += 1
        if self.run == 1:
            self.run_since = now
        if self.is_open:
            if is_probe:
                self._step = min(self._step * 2, LONGEST_PROBE_S)
                self.probe_at, self.probe_until = now + self._step + self.later_s, 0.0
        elif self.run >= FAILURES_TO_OPEN:
            self._step = FIRST_PROBE_S
            self.since, self.probe_at = now, now + FIRST_PROBE_S + self.later_s
