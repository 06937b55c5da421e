"""`assay slo`."""

from __future__ import annotations

from assay.worker.cli.context import ConfigOption, JsonOption


def slo(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show each objective: the share attained, its interval, the error budget left, and goodput of all together."""
    raise NotImplementedError(config, as_json)
