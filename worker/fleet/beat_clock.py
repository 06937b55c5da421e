"""The clock of the fleet: RedBeat's scheduler. It outlives a broker that pauses, and marks its rounds as alive.

RedBeat by itself ends with the first answer that does not come. It would end the process with exit code 1, which here
says that a gate regressed.
"""

from __future__ import annotations

import time
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import structlog
from redbeat.schedulers import RedBeatScheduler, acquire_distributed_beat_lock
from redis.exceptions import LockError, RedisError

from assay.worker.config.settings import load_settings
from assay.worker.fleet.alive import mark_alive

TRY_AGAIN_S = 2.0
"""How long a beat that the broker does not answer waits before it asks again."""

_NO_ANSWER = (RedisError, OSError)
"""What a broker that is away, hangs, loads its file or refuses comes to, for example `TimeoutError`."""

log = structlog.get_logger(__name__)


class BeatClock(RedBeatScheduler):
    """Of several beats only the one with the lock ticks, and a beat that waits for the lock marks nothing.

    A beat that the broker does not answer waits and goes on, as a worker does.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._settings = load_settings()

    def setup_schedule(self) -> None:
        """Write the schedule to the broker, as soon as it answers."""
        while True:
            try:
                super().setup_schedule()  # type: ignore[no-untyped-call]
            except _NO_ANSWER as exc:
                _tell(exc)
                time.sleep(TRY_AGAIN_S)
            else:
                return

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """One round: send what is due. Returns the seconds until the next."""
        try:
            if self.lock is None and self.lock_key:
                acquire_distributed_beat_lock(sender=SimpleNamespace(scheduler=self))
            pause_s: float = super().tick(*args, **kwargs)  # type: ignore[no-untyped-call]
        except LockError:
            # It expired while the broker was away. Another beat may tick by now: stand by for it, as at the start.
            self.lock = None
            log.warning("beat.lock_lost")
            return 0.0
        except _NO_ANSWER as exc:
            _tell(exc)
            return TRY_AGAIN_S
        mark_alive(self._settings)
        return pause_s

    def close(self) -> None:
        """Let go of the lock, which expires by itself where the broker does not answer."""
        with suppress(*_NO_ANSWER):
            super().close()  # type: ignore[no-untyped-call]


def _tell(exc: Exception) -> None:
    # The class alone: its words may hold the broker's address.
    log.warning("beat.broker_away", error=type(exc).__name__, again_in_s=TRY_AGAIN_S)
