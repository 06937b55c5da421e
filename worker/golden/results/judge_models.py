"""Which models stood behind the judge's verdicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from assay.judges.schema import Outcome, Scored, Tier, Verdict

ServedModels = dict[str, set[str]]
"""The models that served the judge, by the model that was asked for."""


@dataclass(frozen=True)
class JudgeModels:
    """Who judged a run. `is_screen`: the screen alone decided some answers."""

    by_request: ServedModels
    is_screen: bool


def judge_models(outcomes: Iterable[Outcome | None]) -> JudgeModels:
    """Who stood behind these judgements.

    The screen is the local judge alone, or a cascade that stopped there.
    """
    verdicts = _verdicts(outcomes)
    models: ServedModels = defaultdict(set)
    for verdict in verdicts:
        for asked, served in _calls(verdict):
            if served:
                models[asked].add(served)
    return JudgeModels(dict(models), any(verdict.tier is Tier.SCREEN for verdict in verdicts))


def models_served(outcomes: Iterable[Outcome | None]) -> tuple[str, ...]:
    """Names of the models that served these judgements, sorted."""
    return tuple(sorted({verdict.model_served for verdict in _verdicts(outcomes) if verdict.model_served}))


def _verdicts(outcomes: Iterable[Outcome | None]) -> list[Verdict]:
    """The verdicts behind those outcomes that have one."""
    return [outcome.verdict for outcome in outcomes if isinstance(outcome, Scored) and outcome.verdict is not None]


def _calls(verdict: Verdict) -> list[tuple[str, str | None]]:
    """Whom a verdict's judges asked, and who served."""
    votes = [(vote.model, vote.served) for vote in verdict.votes]
    return votes or [(verdict.model_requested or "", verdict.model_served)]
