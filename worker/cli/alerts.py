"""`assay alerts`."""

from __future__ import annotations

import typer

from assay.worker.cli.alert_dashboards import render_dashboards
from assay.worker.cli.alerts_ack import acknowledge
from assay.worker.cli.alerts_ls import list_alerts
from assay.worker.cli.alerts_mute import mute, unmute
from assay.worker.cli.alerts_now import now
from assay.worker.cli.alerts_render import render
from assay.worker.cli.alerts_try import try_alert

alerts_app = typer.Typer(help="List, render, try and mute alerts.", no_args_is_help=True)

alerts_app.command("ls")(list_alerts)
alerts_app.command("render")(render)
alerts_app.command("dashboards")(render_dashboards)
alerts_app.command("now")(now)
alerts_app.command("test")(try_alert)
alerts_app.command("mute")(mute)
alerts_app.command("unmute")(unmute)
alerts_app.command("ack")(acknowledge)
