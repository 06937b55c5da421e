"""The Celery application, its options and its process. No other file imports Celery."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import structlog
from celery import Celery, bootsteps
from celery.signals import beat_init, setup_logging, worker_ready
from kombu.exceptions import OperationalError

from assay.judges.cpu_executor import in_thread
from assay.worker.config.redis_url import celery_url, required_redis_url
from assay.worker.config.settings import Settings, load_settings
from assay.worker.fleet.alive import MARK_EVERY_S, mark_alive
from assay.worker.ports.state import StateUnavailable
from assay.worker.records.messages import AssessMessage, GoldenJudgeMessage, GoldenRunMessage, Message, RecordMessage
from assay.worker.telemetry.logging_setup import configure_logging, write_raw_line
from assay.worker.wiring.queues import ASSESS_QUEUE, CONTROL_QUEUE, GOLDEN_QUEUE

VISIBILITY_TIMEOUT_S = 20
"""A delivery that nobody renews for so long is given to another worker."""

RENEW_EVERY_S = 4.0
"""How often deliveries in work are renewed: five times before they are given away."""

EXIT_FAILED = 3
"""Of a worker or a beat that ended by a failure: a backend, or a bug."""

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
            "health_check_interval": 25,
            "socket_timeout": 30,  # without it a publish to a half-open connection hangs for ever
            "socket_keepalive": True,
            "global_keyprefix": settings.key_prefix,
        },
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
        "worker_hijack_root_logger": False,
        "beat_scheduler": "assay.worker.fleet.beat_clock:BeatClock",
        "beat_max_loop_interval": 5,
        "redbeat_redis_url": url,
        "redbeat_key_prefix": f"{settings.key_prefix}redbeat:",
        "redbeat_redis_options": {},  # none: without this RedBeat looks for its own among the transport's, and warns
        "redbeat_lock_timeout": 60,  # RedBeat's own 1,500 s would stop all sweeps for 25 minutes after a crash
        "beat_schedule": {
            name: {
                "task": f"assay.{name}",
                "schedule": every,
                # A tick that nobody took in time is worthless: the next one does the same work.
                "options": {"queue": CONTROL_QUEUE, "expires": max(every, 10.0)},
            }
            for name, every in (
                ("sweep", settings.sweep_every_s),
                ("reconcile", settings.reconcile_every_s),
                ("verify", settings.verify_every_s),
                ("golden_tick", settings.golden_tick_every_s),
                ("review", settings.review_every_s),
            )
        },
    }


_chosen: list[Settings] = []


def use_settings(settings: Settings) -> None:
    """Configure this process from these settings instead of the environment. Call it before the first message."""
    _chosen[:] = [settings]


app.add_defaults(lambda: options(_chosen[0] if _chosen else load_settings()))


class _MarkAlive(bootsteps.StartStopStep):
    """Marks a worker as alive while it is connected and takes messages."""

    requires = ("celery.worker.consumer.tasks:Tasks",)  # type: ignore[assignment]
    _repeated: Any = None

    def start(self, parent: Any) -> None:
        """The connection stands."""
        settings = load_settings()
        mark_alive(settings)
        self._repeated = parent.timer.call_repeatedly(MARK_EVERY_S, mark_alive, args=(settings,))

    def stop(self, parent: Any) -> None:
        """The connection is lost, or the worker ends. Called also where it never stood."""
        if self._repeated is not None:
            self._repeated.cancel()


app.steps["consumer"].add(_MarkAlive)


class TaskFailed(Exception):
    """A task's work failed. That is logged already, with its cause."""


def run_celery(arguments: Sequence[str]) -> NoReturn:
    """Be a worker or the beat until told to stop. Nothing is printed that is no line of our log.

    Args:
        arguments: `worker` or `beat`, and Celery's options for it.
    """
    from celery.apps import worker as celery_worker
    from celery.bin.celery import celery as celery_command

    celery_worker.safe_say = _say
    try:
        celery_command.main(args=["--app", __name__, "--quiet", *arguments], prog_name="assay")
    except SystemExit as exc:
        # Celery's 1 is any failure of its own. Here 1 says that a gate regressed, and nothing else.
        raise SystemExit(EXIT_FAILED if exc.code == 1 else exc.code) from exc
    except Exception as exc:
        logging.getLogger("python").critical("process.failed", exc_info=exc)
        raise SystemExit(EXIT_FAILED) from exc
    raise SystemExit  # Click's `main` ends the process by itself


def _say(message: str, _stream: object = None) -> None:
    """What Celery tells a terminal when a signal stops it. No logger may be called inside a signal's handler."""
    write_raw_line("info", "celery.message", message=message)


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


def at_start(work: Callable[[], None]) -> Callable[[], None]:
    """Call this whenever a worker of this process has started."""

    def started(**_: object) -> None:
        work()

    worker_ready.connect(started, weak=False)
    return work


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
    app.send_task("assay.sweep", queue=CONTROL_QUEUE, expires=60)


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
        raise StateUnavailable(f"broker: {type(exc).__name__}: {exc}; check ASSAY_REDIS_URL") from exc
