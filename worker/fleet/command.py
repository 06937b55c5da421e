"""From the start of a worker or beat process to its exit code."""

from __future__ import annotations

import logging
import signal
from collections.abc import Sequence
from typing import NoReturn

from assay.worker.config.end_signals import end_at_once_on_signals
from assay.worker.config.judge_files import no_judge_files
from assay.worker.config.settings import load_settings
from assay.worker.fleet.app import app
from assay.worker.fleet.leaving import no_more_signals
from assay.worker.fleet.otel import begin_opentelemetry, end_opentelemetry
from assay.worker.fleet.pages import Role, serve_pages
from assay.worker.telemetry.log_lines import write_raw_line
from assay.worker.wiring.queues import ASSESS_QUEUE

EXIT_FAILED = 3
"""Of a worker or a beat that ended by a failure: a backend, or a bug."""


def run_celery(arguments: Sequence[str]) -> NoReturn:
    """Be a worker or the beat until told to stop. Nothing is printed that is no line of our log.

    Args:
        arguments: `worker` or `beat`, and Celery's options for it.

    Raises:
        ConfigurationError: before anything is taken from a queue.
    """
    from celery.apps import worker as celery_worker
    from celery.bin.celery import celery as celery_command

    celery_worker.safe_say = _say
    role = _role(arguments)
    serve_pages(role, load_settings())
    if role != "beat":
        _get_ready(role)
    else:
        begin_opentelemetry(role, load_settings(), no_judge_files())
        _end_beat_on_signals()
    try:
        celery_command.main(args=["--app", "assay.worker.fleet.app", "--quiet", *arguments], prog_name=app.main)
    except SystemExit as exc:
        no_more_signals()
        # Celery's 1 is any failure of its own. Here 1 says that a gate regressed, and nothing else.
        raise SystemExit(EXIT_FAILED if exc.code == 1 else exc.code) from exc
    except Exception as exc:
        logging.getLogger("python").critical("process.failed", exc_info=exc)
        raise SystemExit(EXIT_FAILED) from exc
    finally:
        end_opentelemetry()
    raise SystemExit  # Click's `main` ends the process by itself


def _role(arguments: Sequence[str]) -> Role:
    """What the process does, by Celery's options: `worker --queues assess …` is an assess worker."""
    if arguments[0] != "worker":
        return "beat"
    queues = arguments[arguments.index("--queues") + 1] if "--queues" in arguments else ""
    return "assess" if ASSESS_QUEUE in queues.split(",") else "control"


def _get_ready(role: Role) -> None:
    """Have everything there that work needs before a message is taken: files, judges, imports, the clock."""
    from assay.worker.fleet import consumer  # noqa: F401  # its steps join Celery's
    from assay.worker.fleet.process import worker_process

    end_at_once_on_signals()  # whatever was imported meanwhile
    process = worker_process()
    begin_opentelemetry(role, load_settings(), process.judge_files)
    process.tell_pages(is_control=role == "control")
    process.get_ready()


def _end_beat_on_signals() -> None:
    """Celery's beat knows SIGTERM and SIGINT. It lets go of its lock then, for which the next beat need not wait.

    Its handler asks for the scheduler. So that is imported before the handler is there, and not half when it asks.
    """
    from assay.worker.fleet import beat_clock  # noqa: F401

    for number in (signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: signal.raise_signal(signal.SIGTERM))


def _say(message: str, _stream: object = None) -> None:
    """What Celery tells a terminal when a signal stops it. No logger may be called inside a signal's handler."""
    write_raw_line("info", "celery.message", message=message)
