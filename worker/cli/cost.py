"""`assay cost`."""

from __future__ import annotations

from assay.worker.cli.context import ConfigOption, JsonOption


def cost(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what the application's answers cost: a request and in all, by feature, tier, model, prompt version, day."""
    raise NotImplementedError(config, as_json)
