"""The application that is asked again: the target of a golden set, or a model with a prompt of one's own."""

from __future__ import annotations

from pathlib import Path

from assay.judges.errors import ConfigurationError
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.target_settings import ModelTargetSettings, RecordedTargetSettings
from assay.worker.golden.targets.opening import Lookup, target_for
from assay.worker.golden.targets.port import GoldenTarget


def replay_target(
    golden: GoldenSet, *, model: str | None, prompt: Path | None, lookup: Lookup, concurrency: int
) -> GoldenTarget:
    """The target of a set's manifest, with another model or prompt where one is named.

    Args:
        golden: the set whose target is asked. Its items are not.
        model: instead of the manifest's; for targets of kind `model`.
        prompt: a prompt file instead of the manifest's; for targets of kind `model`.
        lookup: a variable's value in the environment.
        concurrency: answers in flight.

    Raises:
        ConfigurationError: the target is recorded, is no model where one is named, or cannot be opened.
    """
    settings, manifest = golden.manifest.target, golden.directory / "manifest.yaml"
    if isinstance(settings, RecordedTargetSettings):
        remedy = "is recorded, which answers no new question; name a set whose target is http, model or python"
        raise ConfigurationError(f"{manifest}: target.kind: {remedy}")
    if model is None and prompt is None:
        return target_for(golden, lookup=lookup, concurrency=concurrency)
    if not isinstance(settings, ModelTargetSettings):
        raise ConfigurationError(
            f"{manifest}: target.kind: is {settings.kind}; --model and --prompt are for targets of kind model"
        )
    changes = {"model": model or settings.model, "prompt": str(prompt.absolute()) if prompt else settings.prompt}
    target = settings.model_copy(update=changes)
    changed = golden.manifest.model_copy(update={"target": target})
    return target_for(golden.model_copy(update={"manifest": changed}), lookup=lookup, concurrency=concurrency)


def is_application(golden: GoldenSet) -> bool:
    """Whether a set's target is the application itself, and not a model at somebody else's place."""
    return not isinstance(golden.manifest.target, ModelTargetSettings)
