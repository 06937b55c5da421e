"""`assay digest`."""

from __future__ import annotations

from assay.worker.cli.context import ConfigOption, JsonOption


def digest(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show or send the weekly message: rates, what changed, worst answers, golden result, budget."""
    raise NotImplementedError(config, as_json)
