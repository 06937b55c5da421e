"""A whole fleet on this machine, as `assay up` and the demo run it.

That is a broker if none is given, workers by role, beat, and a collector where assay.yaml asks for one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.config.redis_answers import is_outage, redis_trouble
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings, child_environment
from assay.worker.launch.broker import Broker, BrokerUnreachable, open_broker
from assay.worker.launch.broker_watch import watched_broker
from assay.worker.launch.ports import metrics_ports, taken
from assay.worker.launch.supervisor import Supervisor
from assay.worker.ports.state import StateUnavailable
from assay.worker.state.redis.state import check_connection
from assay.worker.wiring.queues import ASSESS_QUEUE, CONTROL_QUEUE, GOLDEN_QUEUE

Role = Literal["assess", "control"]
_AGAIN_S = 2.0

CONTROL_THREADS = 8
"""The control queue has workers of its own, so that writing and sweeping never wait behind traffic."""


@dataclass(frozen=True)
class Fleet:
    """Running processes of one deployment."""

    broker: Broker
    supervisor: Supervisor
    report: Callable[[str], None] = lambda message: None
    _told: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Start again what ended by itself. Call it often.

        Raises:
            CrashLoop
        """
        self._revive()
        self.supervisor.check()

    def run(self) -> None:
        """Keep everything running until SIGINT, SIGTERM or SIGHUP, then stop the children.

        Raises:
            CrashLoop
        """
        self.supervisor.run(also=self._revive)

    def _revive(self) -> None:
        """Start our own broker again if it has ended. One that does not start now may start later: the fleet waits."""
        try:
            if self.broker.revive():
                self.report("the broker had ended, and was started again")
            self._told.clear()
        except (BrokerUnreachable, ConfigurationError) as exc:
            if self._told != [str(exc)]:
                self._told[:] = [str(exc)]
                self.report(f"{exc}; trying again")


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


def collector_argv() -> list[str]:
    """The command of the collector."""
    return [sys.executable, "-m", "assay.worker.cli", "collector"]


@contextmanager
def running_broker(
    settings: Settings, root: ConfigRoot, *, until_there: Callable[[StateUnavailable], None] | None = None
) -> Iterator[Broker]:
    """The broker at ASSAY_REDIS_URL, or the embedded one of this data directory, started if need be.

    Args:
        settings: with the address, if there is one.
        root: with the data directory.
        until_there: called each time the given broker does not answer, and then it is asked again; None: give up.

    Raises:
        BrokerUnreachable: the given one does not answer.
        ConfigurationError: none can be started on this platform.
    """
    url = settings.redis_url.get_secret_value() if settings.redis_url else None

    def ping(address: str) -> None:
        while True:
            try:
                check_connection(address)
            except StateUnavailable as exc:
                if until_there is None or not is_outage(exc):
                    raise
                until_there(exc)
            else:
                return

    with open_broker(url, root.data_dir(settings), ping=ping) as broker:
        yield broker


def _check_collector(settings: Settings) -> None:
    from assay.worker.wiring.collecting import check_address, check_parts  # most deployments have none

    check_parts()
    check_address(settings)


def _waiting(report: Callable[[str], None]) -> Callable[[StateUnavailable], None]:
    """Says once for each cause that Redis is waited for, and waits a little."""
    told: list[str] = []

    def wait(exc: StateUnavailable) -> None:
        trouble = redis_trouble(exc)
        if told[-1:] != [trouble]:
            report(f"Redis {trouble}; waiting for it (Ctrl-C ends)")
            told.append(trouble)
        time.sleep(_AGAIN_S)

    return wait


def assess_names(workers: int) -> list[str]:
    """The names of assess workers: `assess1`, `assess2` and so on."""
    return [f"assess{n + 1}" for n in range(workers)]


def collector_names(root: ConfigRoot) -> list[str]:
    """The name of the collector, where assay.yaml asks for one.

    Raises:
        ConfigurationError
    """
    return ["collector"] if root.deployment().collector is not None else []


@contextmanager
def running_fleet(
    settings: Settings,
    root: ConfigRoot,
    *,
    assess_workers: int,
    report: Callable[[str], None] = lambda message: None,
    is_patient: bool = False,
) -> Iterator[Fleet]:
    """Start broker, workers, beat, and a collector where assay.yaml asks for one.

    On leaving stop beat, then the workers, then the broker.

    Args:
        settings: of all processes.
        root: where the configuration is.
        assess_workers: how many processes judge.
        report: told, in one line each, about restarts, and about a Redis that does not do its part.
        is_patient: wait for a Redis that is away, as the workers do, instead of giving up.

    Raises:
        BrokerUnreachable, ConfigurationError: as `running_broker`.
        CrashLoop: a process ends again and again.
    """
    data_dir = root.data_dir(settings)
    assess = assess_names(assess_workers)
    collectors = collector_names(root)
    if collectors:
        _check_collector(settings)
    ports = metrics_ports(settings, [*assess, *collectors])
    for name, port in taken(settings.metrics_host, ports).items():
        report(f"{name}: port {port} of {settings.metrics_host} cannot be had: no /metrics; set ASSAY_METRICS_PORT")
    with (
        running_broker(settings, root, until_there=_waiting(report) if is_patient else None) as broker,
        Supervisor(
            data_dir / "logs",
            stop_first=("beat", assess),
            # Long enough for a batch to end by itself. What is killed is judged again by another worker.
            grace_s=settings.batch_deadline_s + 10,
            report=report,
        ) as supervisor,
    ):
        places = {"redis_url": SecretStr(broker.url), "config_dir": root.path, "data_dir": data_dir}

        def env(name: str) -> dict[str, str]:
            own = {**places, "metrics_port": ports.get(name)}
            return child_environment(**settings.model_copy(update=own).environment())

        supervisor.start("control", worker_argv("control", settings), env=env("control"))
        for name in assess:
            supervisor.start(name, worker_argv("assess", settings, name=name), env=env(name))
        supervisor.start("beat", beat_argv(settings), env=env("beat"))
        for name in collectors:
            supervisor.start(name, collector_argv(), env=env(name))
        with watched_broker(broker.url, settings.key_prefix, report):
            yield Fleet(broker=broker, supervisor=supervisor, report=report)


def _celery(command: str, settings: Settings) -> list[str]:
    return [
        sys.executable,
        "-m",
        "assay.worker.fleet",
        command,
        "--loglevel",
        settings.log_level,
    ]
