"""`assay drift`."""

from __future__ import annotations

import typer

drift_app = typer.Typer(help="Baselines of traffic, and whether it drifts away from them.", no_args_is_help=True)


@drift_app.command("ls")
def list_drift() -> None:
    """List them."""
    raise NotImplementedError
