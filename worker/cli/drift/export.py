"""`assay drift export`: baseline and traffic for Evidently."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, console
from assay.worker.cli.drift.options import SinceOption, UntilOption, chosen_period, chosen_use_cases
from assay.worker.cli.with_record import with_record

if TYPE_CHECKING:
    from assay.worker.wiring.runtime import Runtime


def export(
    evidently: Annotated[Path, typer.Option("--evidently", help="Folder for the files; it is made.")],
    use_case: Annotated[str, typer.Option("--use-case", help="Of which use case.")],
    since: SinceOption = None,
    until: UntilOption = None,
    config: ConfigOption = None,
) -> None:
    """Write the baseline's sample and traffic as CSV, with a script that runs Evidently. Numbers and names, no text."""

    async def work(runtime: Runtime, _has_redis: bool) -> list[Path]:
        from assay.worker.reporting.drift.evidently_files import write_evidently
        from assay.worker.signals.drift.capturing import SAMPLE_ROWS
        from assay.worker.signals.drift.desk import after
        from assay.worker.wiring.drifting import drift_desk

        chosen_use_cases(runtime, [use_case])
        desk, now = drift_desk(runtime), runtime.clock.now()
        baseline = await desk.baseline(use_case)
        if baseline is None:
            raise ConfigurationError(
                f"{use_case}: has no baseline; capture one with `assay drift baseline --use-case {use_case}`"
            )
        period = after(baseline, chosen_period(since, until, now, timedelta(days=desk.settings.days)))
        seen = await desk.traces(use_case, period, vectors_from=baseline.vectors_from)
        if not seen.traces:
            raise ConfigurationError(f"{use_case}: has no traces after its baseline's; take a later --until")
        try:
            return write_evidently(evidently, baseline, seen.observations.first(SAMPLE_ROWS))
        except OSError as exc:
            raise ConfigurationError(f"--evidently {evidently}: cannot be written ({exc.strerror or exc})") from exc

    for path in with_record(config, work):
        console.print(str(path), highlight=False, markup=False)
