"""`assay alerts dashboards`: dashboards as files of Grafana."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.worker.cli.alerts_render import hold_equal, write_file
from assay.worker.cli.context import ConfigOption, console, settings_and_root


def render_dashboards(
    out: Annotated[Path, typer.Option("--out", help="Folder for dashboards and provisioning.")] = Path(
        "deploy/grafana"
    ),
    traces: Annotated[
        str | None, typer.Option("--traces", help="Address of your trace store's list of traces, for links.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 2 where a file is not as it would be written.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Write Grafana's dashboards, and the files that provision them, from slos: and alerts: of assay.yaml."""
    from assay.worker.alerts.dashboards.common import EXAMPLE_TRACES
    from assay.worker.alerts.dashboards.files import grafana_files

    _, root = settings_and_root(config)
    files = {out / name: text for name, text in grafana_files(root.deployment(), traces or EXAMPLE_TRACES).items()}
    if check:
        hold_equal(files, command="assay alerts dashboards")
        return
    for path, text in files.items():
        write_file(path, text)
        console.print(f"wrote {path}", highlight=False, soft_wrap=True)
