"""The clock of the fleet: RedBeat's scheduler. It outlives a broker that pauses, and marks its rounds as alive.

RedBeat by itself ends with the first answer that does not come. It would end the process with exit code 1, which here
says that a gate regressed. And it keeps its schedule by its machine's clock: a beat whose clock was ahead would leave
a schedule behind that no other beat finds due. Here the time is Redis', for the schedule and in every tick.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from concurrent.futures import CancelledError
from contextlib import suppress
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import structlog
from celery.beat import SchedulingError
from redbeat.schedulers import RedBeatScheduler, acquire_distributed_beat_lock, get_redis
from redis.exceptions import LockError, RedisError

from assay.worker.config.end_signals import ending_at_once
from assay.worker.config.redis_answers import redis_trouble
from assay.worker.config.redis_url import required_redis_url
from assay.worker.config.settings import load_settings
from assay.worker.fleet.alive import mark_alive
from assay.worker.fleet.beat_side import BeatSide
from assay.worker.fleet.loop import LoopThread
from assay.worker.fleet.own_version import own_version
from assay.worker.fleet.pages import join_pages
from assay.worker.fleet.server_clock import ANSWER_WITHIN_S, tell_offset
from assay.worker.ports.state import StateUnavailable
from assay.worker.state.redis.state import redis_state
from assay.worker.wiring.queues import CONTROL_QUEUE

TRY_AGAIN_S = 2.0
"""How long a beat that the broker does not answer waits before it asks again."""

_NO_ANSWER = (RedisError, OSError, StateUnavailable, SchedulingError, CancelledError)
"""What a broker that is away, hangs, loads its file or refuses comes to, for example `TimeoutError`."""

_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError)
"""What RedBeat, which trusts what lies in Redis, comes to where it was not RedBeat that wrote it."""

log = structlog.get_logger(__name__)


class BeatClock(RedBeatScheduler):
    """Of several beats only the one with the lock ticks, and a beat that waits for the lock marks nothing.

    A beat that the broker does not answer waits and goes on, as a worker does.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._settings = load_settings()
        self._state = redis_state(required_redis_url(self._settings), prefix=self._settings.key_prefix)
        self._loop = LoopThread()
        self._name = f"beat@{socket.gethostname()}:{os.getpid()}"
        self._side = BeatSide(self._loop, self._state.ping)
        join_pages(self._side)
        kwargs["app"].now = self._now
        # Celery's handler asks for the scheduler, which is not whole yet: it would make a second one, and wait in it.
        with ending_at_once():
            super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        """Write the schedule to the broker, as soon as it answers."""
        while True:
            try:
                self._loop.run(self._tell_of_self())
                super().setup_schedule()
            except _NO_ANSWER as exc:
                _tell(exc)
                time.sleep(TRY_AGAIN_S)
            except _UNREADABLE as exc:
                self._forget_schedule(exc)
                time.sleep(TRY_AGAIN_S)
            else:
                return

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """One round: send what is due. Returns the seconds until the next."""
        self._side.round_begins()
        try:
            self._loop.run(self._tell_of_self())
            if self.lock is None and self.lock_key:
                with self._side.standing_by():
                    acquire_distributed_beat_lock(sender=SimpleNamespace(scheduler=self))
                # Whatever took the lock away, e.g. FLUSHALL, may have taken the schedule with it.
                self.setup_schedule()
            pause_s: float = super().tick(*args, **kwargs)
        except LockError:
            # It expired while the broker was away. Another beat may tick by now: stand by for it, as at the start.
            self.lock = None
            log.warning("beat.lock_lost")
            return 0.0
        except _NO_ANSWER as exc:
            _tell(exc)
            return TRY_AGAIN_S
        except _UNREADABLE as exc:
            self._forget_schedule(exc)
            self.setup_schedule()
            return TRY_AGAIN_S
        mark_alive(self._settings)
        self._side.round_done()
        return pause_s

    @property
    def schedule(self) -> dict[str, Any]:  # type: ignore[override]  # as RedBeat's own is
        """What is due, of the ticks that we defined. Whoever may write to Redis may have written others."""
        ours = self.app.conf.beat_schedule
        due: dict[str, Any] = super().schedule
        for name in due.keys() - ours.keys():
            log.error("beat.foreign_entry_dropped", bytes=len(name))
            get_redis(self.app).zrem(self.app.redbeat_conf.schedule_key, due[name].key)
        return {name: entry for name, entry in due.items() if name in ours}

    def maybe_due(self, entry: Any, **kwargs: Any) -> float:
        """Send a tick if it is due. Returns the seconds until it is.

        Raises:
            Exception: it could not be sent. RedBeat would log that and go on with the next.
        """
        is_due, next_s = entry.is_due()
        if is_due:
            self.apply_async(entry, **kwargs)
        return float(next_s)

    def apply_async(self, entry: Any, producer: Any = None, advance: bool = True, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  # as Celery has it
        """Send a tick, with the moment by Redis' clock. One whose like still waits in the queue is not sent."""
        sent_at = self._loop.run(self._state.pulse.tick_sends(entry.name, queue=CONTROL_QUEUE))
        self.reserve(entry)
        if sent_at is None:
            return None
        ours = self.app.conf.beat_schedule[entry.name]
        entry.task, entry.options, entry.kwargs = ours["task"], dict(ours["options"]), {}
        entry.args = [{"sent_at": sent_at}]  # of this round alone: the schedule keeps what it was defined as
        return super().apply_async(entry, producer=producer, advance=False, **kwargs)

    def close(self) -> None:
        """Let go of the lock, which expires by itself where the broker does not answer."""
        with suppress(*_NO_ANSWER):
            self._loop.run(asyncio.wait_for(self._state.pulse.gone(self._name), TRY_AGAIN_S))
        with suppress(*_NO_ANSWER):
            super().close()

    def _ensure_connected(self) -> Any:
        """As Celery's own, which would log the error's own words."""
        return self.connection.ensure_connection(
            lambda exc, _: _tell(exc), None, interval_start=TRY_AGAIN_S, interval_step=0, interval_max=TRY_AGAIN_S
        )

    def _forget_schedule(self, exc: Exception) -> None:
        log.error("beat.schedule_rewritten", error=type(exc).__name__)
        conf = self.app.redbeat_conf
        keys = [conf.key_prefix + name for name in self.app.conf.beat_schedule]
        with suppress(*_NO_ANSWER):
            get_redis(self.app).delete(conf.schedule_key, conf.statics_key, *keys)

    def _now(self) -> datetime:
        return self._state.clock.now()

    async def _tell_of_self(self) -> None:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            await self._state.clock.synchronise()
            tell_offset(self._state.clock.offset_s)
            offset_s = self._state.clock.offset_s
            await self._state.pulse.seen(self._name, queues=(), offset_s=offset_s, version=own_version())


def _tell(exc: Exception) -> None:
    # Cause and remedy alone: the error's own words may hold the broker's address.
    log.warning("beat.broker_away", error=f"Redis {redis_trouble(exc)}", again_in_s=TRY_AGAIN_S)
