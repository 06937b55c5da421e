"""`assay up`: the whole fleet in one terminal."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from assay.worker.cli.context import ConfigOption, console, settings_and_root
from assay.worker.cli.streams import print_line
from assay.worker.config.otel_variables import OtelVariables
from assay.worker.config.settings import Settings, read_variables
from assay.worker.extras import needs_extra
from assay.worker.launch.fleet import assess_names, collector_names, running_fleet
from assay.worker.launch.ports import metrics_ports
from assay.worker.launch.up_lock import only_fleet
from assay.worker.wiring.judges import check_deployment


def up(
    config: ConfigOption = None,
    workers: Annotated[int, typer.Option("--workers", "-w", min=1, help="Assess worker processes.")] = 2,
) -> None:
    """Run broker (if ASSAY_REDIS_URL is not set), workers and beat until Ctrl-C.

    A `collector:` section in assay.yaml starts the collector, too.

    This is the single-machine mode. Ctrl-C stops beat, then the workers, which finish what they hold, then the
    broker; a second Ctrl-C kills. Nothing is lost either way: the ledger publishes open work again.
    """
    settings, root = settings_and_root(config)
    check_deployment(root, settings)
    _check_extras(settings)
    collectors = collector_names(root)
    _end_on_signals()
    with (
        only_fleet(root.data_dir(settings)),
        running_fleet(settings, root, assess_workers=workers, report=_tell, is_patient=True) as fleet,
    ):
        broker = "embedded" if fleet.broker.embedded else "ASSAY_REDIS_URL"
        with suppress(OSError):
            console.print(
                f"[bold]Assay is up[/bold]: {workers} assess workers, 1 control worker, beat. Ctrl-C stops it."
            )
            console.print(f"  config  {root.path}\n  broker  {broker}")
            console.print(f"  logs    {root.data_dir(settings) / 'logs'}")
            if collectors:
                console.print(f"  spans   {_collector_line(settings)}", highlight=False, soft_wrap=True)
            if settings.metrics_port is not None:
                pages = _metrics_line(settings, workers, collectors)
                console.print(f"  metrics {pages}", highlight=False, soft_wrap=True)
            console.print("  look    assay status · assay flagged · assay report")
        fleet.run()
    _tell("stopped")


def _check_extras(settings: Settings) -> None:
    """Refuse what no process could do: each would end at its start, or never write a row, and be started again."""
    if settings.database_url is not None:
        needs_extra("postgres", what="environment: ASSAY_DATABASE_URL", otherwise="or unset it")
    if read_variables(OtelVariables).is_on:
        needs_extra("otel", what="environment: OTEL_EXPORTER_OTLP_ENDPOINT", otherwise="or unset it")


def _collector_line(settings: Settings) -> str:
    """Where spans are sent to: `OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318`."""
    token = ", with the token" if settings.collector_token is not None else ""
    host = _in_address(settings.collector_host)
    return f"OTEL_EXPORTER_OTLP_ENDPOINT=http://{host}:{settings.collector_port} (http/protobuf{token})"


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _metrics_line(settings: Settings, workers: int, collectors: Sequence[str] = ()) -> str:
    """Where each process serves /metrics: `http://127.0.0.1:9464/metrics control · :9465 beat · :9466 assess1`."""
    first, *others = metrics_ports(settings, [*assess_names(workers), *collectors]).items()
    host = _in_address(settings.metrics_host)
    more = "".join(f" · :{port} {name}" for name, port in others)
    return f"http://{host}:{first[1]}/metrics {first[0]}{more}; also /healthz, /readyz"


def _tell(line: str) -> None:
    """Print a line. A full disk under the output ends no fleet."""
    with suppress(OSError):
        print_line(line)


def _end_on_signals() -> None:
    """End in order by SIGTERM and SIGHUP, also while Redis is waited for. The supervisor has handlers of its own."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: sys.exit(0))
