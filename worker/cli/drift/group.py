"""The commands of drift."""

from __future__ import annotations

import typer

from assay.worker.cli.drift.baseline import baseline
from assay.worker.cli.drift.check import check, show
from assay.worker.cli.drift.export import export

drift_app = typer.Typer(help="Baselines of traffic, and whether it drifts away from them.", no_args_is_help=True)
drift_app.command("baseline")(baseline)
drift_app.command("check")(check)
drift_app.command("show")(show)
drift_app.command("export")(export)
