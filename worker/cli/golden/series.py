"""`assay golden series`: has the pass rate of scheduled runs moved?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root
from assay.worker.cli.golden.options import NameArgument
from assay.worker.golden.report.wording.facts import series_facts
from assay.worker.golden.runs.run_store import RunStore
from assay.worker.golden.runs.series import Series, build_series
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.wiring.golden_calls import read_set, run_store


def series(
    name: NameArgument,
    target: Annotated[
        str | None, typer.Option("--target", help="Which target \\[default: of the latest scheduled run]")
    ] = None,
    acknowledge: Annotated[
        str | None,
        typer.Option("--acknowledge", metavar="RUN", help="The alarm up to this run is looked into: start anew."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Has the pass rate moved over the scheduled runs? Exit 1 on an alarm, 3 while there are too few runs.

    Watched by an e-process, which may be looked at after every run; testing each week anew at 5 % would raise a false
    alarm in most years. An alarm stands until somebody acknowledges it; runs by command are not in the series.
    """
    settings, root = settings_and_root(config)
    golden = read_set(root, settings, name)
    store = run_store(root, settings, golden)
    watched = _series(store, golden, target)
    if acknowledge is not None:
        _acknowledge(store, watched, acknowledge)
        watched = _series(store, golden, target)
    if as_json:
        print_json(watched)
    else:
        for line in series_facts(watched):
            console.print(Text(line))
    raise typer.Exit(3 if watched.too_few is not None else 1 if watched.alarm is not None else 0)


def _series(store: RunStore, golden: GoldenSet, target: str | None) -> Series:
    history = store.history()
    scheduled = [run.target for run in history if run.origin == "schedule"]
    chosen = target or (scheduled[-1] if scheduled else "nothing")
    return build_series(history, set_digest=golden.digest, target=chosen, acknowledged=store.acknowledged())


def _acknowledge(store: RunStore, watched: Series, run_id: str) -> None:
    """Note it, unless it would throw evidence away that raised no alarm.

    Raises:
        ConfigurationError: not the run of the alarm, nor a later one.
    """
    if run_id not in watched.since_alarm:
        can = ", ".join(watched.since_alarm) or "none: there is no alarm"
        raise ConfigurationError(f"--acknowledge {run_id}: not the run of the alarm or a later one (those are {can})")
    store.acknowledge(run_id, datetime.now(UTC))
