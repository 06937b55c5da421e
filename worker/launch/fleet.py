"""A whole fleet on this machine, as `assay up` and the demo run it: broker if none is given, workers by role, beat."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings, child_environment
from assay.worker.launch.broker import Broker, open_broker
from assay.worker.launch.supervisor import Supervisor
from assay.worker.state.redis.state import check_connection
from assay.worker.wiring.queues import ASSESS_QUEUE, CONTROL_QUEUE, GOLDEN_QUEUE

Role = Literal["assess", "control"]
CONTROL_THREADS = 8
"""The control queue has workers of its own, so that writing and sweeping never wait behind traffic."""


@dataclass(frozen=True)
class Fleet:
    """Running processes of one deployment."""

    broker: Broker
    supervisor: Supervisor

    def check(self) -> None:
        """Start again what ended by itself. Call it often.

        Raises:
            BrokerUnreachable, CrashLoop
        """
        self.broker.revive()
        self.supervisor.check()

    def run(self) -> None:
        """Keep everything running until SIGINT, SIGTERM or SIGHUP, then stop the children.

        Raises:
            BrokerUnreachable, CrashLoop
        """
        self.supervisor.run(also=self.broker.revive)


def worker_argv(role: Role, settings: Settings, *, name: str | None = None) -> list[str]:
    """The command of a worker process of one role."""
    threads = settings.worker_threads if role == "assess" else CONTROL_THREADS
    # Kombu takes from several queues in turn. So a golden run waits behind nothing, and nothing waits behind it.
    queues = ASSESS_QUEUE if role == "assess" else f"{CONTROL_QUEUE},{GOLDEN_QUEUE}"
    # Gossip, mingle and heartbeats are chatter between workers that our ledger makes unnecessary.
    return [
        *_celery("worker", settings),
        *("--pool", "threads", "--concurrency", str(threads), "--queues", queues),
        *("--hostname", f"{name or role}@%h", "--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


def beat_argv(settings: Settings) -> list[str]:
    """The command of the beat process. RedBeat's lock lets only one of several tick."""
    return [*_celery("beat", settings), "--pidfile="]


@contextmanager
def running_broker(settings: Settings, root: ConfigRoot) -> Iterator[Broker]:
    """The broker at ASSAY_REDIS_URL, or the embedded one of this data directory, started if need be.

    Raises:
        StateUnavailable: the given one does not answer.
        ConfigurationError: none can be started on this platform.
    """
    url = settings.redis_url.get_secret_value() if settings.redis_url else None
    with open_broker(url, root.data_dir(settings), ping=check_connection) as broker:
        yield broker


@contextmanager
def running_fleet(
    settings: Settings,
    root: ConfigRoot,
    *,
    assess_workers: int,
    report: Callable[[str], None] = lambda message: None,
) -> Iterator[Fleet]:
    """Start broker, workers and beat. On leaving stop beat, then the workers, then the broker.

    Raises:
        StateUnavailable, ConfigurationError: as `running_broker`.
        CrashLoop: a process ends again and again.
    """
    data_dir = root.data_dir(settings)
    assess = [f"assess{n + 1}" for n in range(assess_workers)]
    with (
        running_broker(settings, root) as broker,
        Supervisor(
            data_dir / "logs",
            stop_first=("beat", assess),
            # Long enough for a batch to end by itself. What is killed is judged again by another worker.
            grace_s=settings.batch_deadline_s + 10,
            report=report,
        ) as supervisor,
    ):
        places = {"redis_url": SecretStr(broker.url), "config_dir": root.path, "data_dir": data_dir}
        env = child_environment(**settings.model_copy(update=places).environment())
        supervisor.start("control", worker_argv("control", settings), env=env)
        for name in assess:
            supervisor.start(name, worker_argv("assess", settings, name=name), env=env)
        supervisor.start("beat", beat_argv(settings), env=env)
        yield Fleet(broker=broker, supervisor=supervisor)


def _celery(command: str, settings: Settings) -> list[str]:
    return [
        sys.executable,
        "-m",
        "assay.worker.fleet",
        command,
        "--loglevel",
        settings.log_level,
    ]
