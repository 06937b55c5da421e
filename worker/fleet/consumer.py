"""Celery's consumer and its steps, as far as ours differ: how an outage is waited out, and how a worker leaves."""

from __future__ import annotations

import time
import warnings
from typing import Any

import structlog
from celery import bootsteps
from celery.worker import consumer as celery_consumer
from celery.worker.state import maybe_shutdown

from assay.worker.config.redis_answers import redis_trouble
from assay.worker.config.settings import load_settings
from assay.worker.fleet.alive import MARK_EVERY_S, mark_alive
from assay.worker.fleet.app import app
from assay.worker.fleet.leaving import leave_on_signals
from assay.worker.fleet.process import worker_process

LONGEST_PAUSE_S = 5.0
"""Between two tries to reach the broker. Celery's own pauses grow to half a minute, which a failover does not take."""

SHORT_S = 5.0
"""A connection that was lost sooner is not made again at once: the server takes the probe, and refuses the work."""

log = structlog.get_logger(__name__)


class Consumer(celery_consumer.Consumer):
    """Waits for a broker that is away with a line for each try, and says cause and remedy."""

    _connected_at = 0.0
    _short_in_a_row = 0

    def ensure_connected(self, conn: Any) -> Any:
        """Connect, however long it takes, unless the worker is told to end."""

        def tell(exc: Exception, again_in_s: float) -> None:
            log.warning("broker.away", error=f"Redis {redis_trouble(exc)}", again_in_s=again_in_s)

        conn.ensure_connection(
            tell, None, interval_start=1, interval_step=1, interval_max=LONGEST_PAUSE_S, callback=maybe_shutdown
        )
        self.first_connection_attempt = False
        self._connected_at = time.monotonic()
        return conn

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """The connection is lost. What is in hand goes on."""
        pause_s = self._pause_s(time.monotonic() - self._connected_at)
        log.warning("broker.lost", error=f"Redis {redis_trouble(exc)}", again_in_s=pause_s)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a default of Celery 6, at every loss
            super().on_connection_error_after_connected(exc)
        until = time.monotonic() + pause_s
        while time.monotonic() < until:
            maybe_shutdown()
            time.sleep(0.1)

    def _pause_s(self, stood_s: float) -> float:
        """How long to wait, longer each time that a connection stood for a moment only."""
        self._short_in_a_row = self._short_in_a_row + 1 if stood_s < SHORT_S else 0
        return min(float(self._short_in_a_row), LONGEST_PAUSE_S)

    def on_unknown_message(self, body: Any, message: Any) -> None:
        """Drop it. The transport lets none of these through."""
        self._drop(message, "unknown_message")

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        """As `on_unknown_message`."""
        self._drop(message, "unknown_task")

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        """As `on_unknown_message`."""
        self._drop(message, type(exc).__name__)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """As `on_unknown_message`."""
        self._drop(message, type(exc).__name__)

    def _drop(self, message: Any, reason: str) -> None:
        log.error("message.dropped", reason=reason)
        message.ack()


class _MarkAlive(bootsteps.StartStopStep):
    """Marks a worker as alive while it is connected and takes messages."""

    requires = ("celery.worker.consumer.tasks:Tasks",)  # type: ignore[assignment]
    _repeated: Any = None

    def start(self, parent: Any) -> None:
        """The connection stands."""
        settings = load_settings()
        mark_alive(settings)
        self._repeated = parent.timer.call_repeatedly(MARK_EVERY_S, mark_alive, args=(settings,))
        worker_process().announce(parent.hostname, sorted(parent.app.amqp.queues.consume_from))

    def stop(self, parent: Any) -> None:
        """The connection is lost, or the worker ends. Called also where it never stood."""
        if self._repeated is not None:
            self._repeated.cancel()


class _Leave(bootsteps.StartStopStep):
    """Between the end of taking messages and the end of the threads: work in hand ends, or is given back."""

    requires = ("celery.worker.components:Pool",)  # type: ignore[assignment]

    def start(self, parent: Any) -> None:
        """The pool is there. From here on a signal finds work to give back."""
        leave_on_signals(worker_process().give_all_back)

    def stop(self, parent: Any) -> None:
        """Give back what no thread has begun, and wait for the rest as long as it may take."""
        parent.pool.executor.shutdown(wait=False, cancel_futures=True)
        worker_process().leave()

    def terminate(self, parent: Any) -> None:
        """As `stop`: whoever cannot wait is ended by a second signal."""
        self.stop(parent)


app.steps["consumer"].add(_MarkAlive)
app.steps["worker"].add(_Leave)
