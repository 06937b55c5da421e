"""Which models stood behind the judge's verdicts."""

from __future__ import annotations

from collections.abc import Iterable

from assay.judges.schema import Outcome, Scored, Verdict


def verdicts_of(outcomes: Iterable[Outcome | None]) -> list[Verdict]:
    """The verdicts behind those outcomes that have one."""
    return [outcome.verdict for outcome in outcomes if isinstance(outcome, Scored) and outcome.verdict is not None]


def models_served(outcomes: Iterable[Outcome | None]) -> tuple[str, ...]:
    """Names of the models that served these judgements, sorted."""
    verdicts = verdicts_of(outcomes)
    return tuple(sorted({verdict.model_served for verdict in verdicts if verdict.model_served}))
