"""`assay sweep`: one look at the trace store, now."""

from __future__ import annotations

from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, with_runtime


def sweep(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Look through all windows that are due, once, now. A second sweep right after it adds nothing."""
    report = with_runtime(config, lambda runtime: runtime.sweeper.sweep())
    if as_json:
        print_json(report)
    elif report.skipped_because_running:
        console.print("another sweep is running; nothing done")
    else:
        console.print(
            f"{report.windows} windows, {report.seen} traces seen, {report.selected} newly selected "
            f"({report.already_scored} of them already scored), {report.messages} messages published"
        )
