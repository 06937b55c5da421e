"""The Celery application: its options, its queues, and how messages are sent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from celery import Celery
from celery.signals import beat_init, setup_logging, worker_ready
from kombu.exceptions import OperationalError

from assay.judges.cpu_executor import in_thread
from assay.worker.config.redis_answers import redis_trouble
from assay.worker.config.redis_url import celery_url, required_redis_url
from assay.worker.config.settings import Settings, load_settings
from assay.worker.fleet.names import TASKS
from assay.worker.fleet.transport import redis_transport  # noqa: F401  # Celery is to find it under "redis"
from assay.worker.ports.state import StateUnavailable
from assay.worker.records.messages import AssessMessage, GoldenJudgeMessage, GoldenRunMessage, Message, RecordMessage
from assay.worker.telemetry.logging_setup import configure_logging
from assay.worker.wiring.queues import ASSESS_QUEUE, CONTROL_QUEUE, GOLDEN_QUEUE, TICKS

VISIBILITY_TIMEOUT_S = 20
"""A delivery that nobody renews for so long is given to another worker."""

RENEW_EVERY_S = 4.0
"""How often deliveries in work are renewed: five times before they are given away."""

IN_HAND_BEYOND_DEADLINE_S = 60.0
"""A delivery is renewed for so long beyond its batch's deadline: it takes a moment to write down what came of it."""

log = structlog.get_logger(__name__)

app = Celery("assay", include=["assay.worker.fleet.tasks"])


def options(settings: Settings) -> dict[str, Any]:
    """Celery's options, as measured to lose nothing. See docs/reference/fleet.md for the reasons in full."""
    url = required_redis_url(settings)
    return {
        "broker_url": celery_url(url),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            # Deliveries in work are renewed (process.py). So a dead worker's batch comes back after about 20 s, and a
            # living worker may take as long as it needs.
            "visibility_timeout": VISIBILITY_TIMEOUT_S,
            "unacked_restore_interval": 3,
            "unacked_restore_throttle": 1,
            "unacked_mutex_expire": 10,
            "health_check_interval": 10,  # a connection that is dead without a word is found within 22 s
            "socket_timeout": 10,  # without it a publish to a half-open connection hangs for ever
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "global_keyprefix": settings.key_prefix,
            "our_tasks": TASKS,
            "our_queues": frozenset((ASSESS_QUEUE, CONTROL_QUEUE, GOLDEN_QUEUE)),
            "in_hand_limit_s": settings.batch_deadline_s + IN_HAND_BEYOND_DEADLINE_S,
        },
        "broker_channel_error_retry": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": False,
        "task_ignore_result": True,
        "result_expires": None,  # else beat would schedule a clean-up of results, and there are none
        "task_store_errors_even_if_ignored": False,
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "task_default_queue": CONTROL_QUEUE,
        "task_create_missing_queues": True,
        "task_publish_retry": True,
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_send_task_events": False,
        # Whoever may write to Redis could stop or change workers by it. `presence` asks the state instead.
        "worker_enable_remote_control": False,
        "worker_consumer": "assay.worker.fleet.consumer:Consumer",
        "worker_hijack_root_logger": False,
        "beat_scheduler": "assay.worker.fleet.beat_clock:BeatClock",
        "beat_max_loop_interval": 5,
        "redbeat_redis_url": url,
        "redbeat_key_prefix": f"{settings.key_prefix}redbeat:",
        "redbeat_redis_options": {"socket_timeout": 10},  # without one a half-open connection stops the clock for ever
        "redbeat_lock_timeout": 60,  # RedBeat's own 1,500 s would stop all sweeps for 25 minutes after a crash
        "beat_schedule": {
            name: {
                "task": f"assay.{name}",
                "schedule": every,
                # No `expires`: it would compare beat's clock with the worker's. See `beat_clock` and `ticks`.
                "options": {"queue": CONTROL_QUEUE},
            }
            for name, every in tick_intervals(settings).items()
        },
    }


def tick_intervals(settings: Settings) -> dict[str, float]:
    """How often each tick is sent, in seconds."""
    return {name: getattr(settings, f"{name}_every_s") for name in TICKS if hasattr(settings, f"{name}_every_s")}


_chosen: list[Settings] = []


def use_settings(settings: Settings) -> None:
    """Configure this process from these settings instead of the environment. Call it before the first message."""
    _chosen[:] = [settings]


app.add_defaults(lambda: options(_chosen[0] if _chosen else load_settings()))


class TaskFailed(Exception):
    """A task's work failed. That is logged already, with its cause."""


@setup_logging.connect
def _log_as_we_do(**_: object) -> None:
    configure_logging(load_settings())
    logging.getLogger("celery.app.trace").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether Celery says of a task what `run_task` has not logged: not a failure of its work."""
    return not (record.exc_info and isinstance(record.exc_info[1], TaskFailed))


@worker_ready.connect
def _log_worker(sender: Any, **_: object) -> None:
    log.info("worker.ready", name=sender.hostname, queues=sorted(sender.app.amqp.queues.consume_from))


@beat_init.connect
def _log_beat(**_: object) -> None:
    log.info("beat.ready")


async def publish(messages: Sequence[Message]) -> None:
    """Send messages to their queues, off the event loop.

    Raises:
        StateUnavailable: the broker did not take them. The ledger still has the work.
    """
    if messages:
        await in_thread(_send, messages)


def at_control_start(work: Callable[[], None]) -> Callable[[], None]:
    """Call this whenever a control worker of this process has started."""

    def started(sender: Any, **_: object) -> None:
        if CONTROL_QUEUE in sender.app.amqp.queues.consume_from:
            work()

    worker_ready.connect(started, weak=False)
    return work


@at_control_start
def _sweep_at_start() -> None:
    """Sweep at once: beat's first tick is a whole interval away."""
    app.send_task("assay.sweep", queue=CONTROL_QUEUE)


_ROUTES: dict[type[Message], tuple[str, str]] = {
    AssessMessage: ("assay.assess", ASSESS_QUEUE),
    RecordMessage: ("assay.record", CONTROL_QUEUE),
    GoldenRunMessage: ("assay.golden_run", CONTROL_QUEUE),
    GoldenJudgeMessage: ("assay.golden_judge", GOLDEN_QUEUE),
}
"""Task and queue of each kind of message."""


def _send(messages: Sequence[Message]) -> None:
    try:
        with app.producer_or_acquire() as producer:
            for message in messages:
                task, queue = _ROUTES[type(message)]
                app.send_task(task, args=[message.model_dump(mode="json")], queue=queue, producer=producer)
    except (OperationalError, OSError) as exc:
        raise StateUnavailable(f"broker: {type(exc).__name__}: {exc}; Redis {redis_trouble(exc)}") from exc
