"""`assay alerts`."""

from __future__ import annotations

import typer

alerts_app = typer.Typer(help="List, render, try and mute alerts.", no_args_is_help=True)


@alerts_app.command("ls")
def list_alerts() -> None:
    """List them."""
    raise NotImplementedError
