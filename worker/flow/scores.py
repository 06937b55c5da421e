"""From a judged ledger entry to the scores a store is to show: ids, values, comment and provenance."""

from __future__ import annotations

from collections.abc import Iterable

from assay.judges.rubric import Rubric
from assay.judges.schema import GroundingState, Scored, Usage, Verdict
from assay.worker.records.ledger import LedgerEntry, Promise
from assay.worker.records.scores import Score, ScoreSpec


def build_scores(entry: LedgerEntry, outcome: Scored, project: str) -> list[Score]:
    """The scores of one judged trace: each number that applies, and the state as a category."""
    promise = entry.promise
    judgement = entry.judgement
    metadata = score_metadata(promise, outcome) | {"cost_usd": judgement.cost_usd if judgement else None}
    return [
        Score(
            id=promise.score_id(project, name),
            trace_id=promise.trace_id,
            observation_id=promise.observation_id,
            name=name,
            value=value,
            comment=outcome.comment,
            environment=promise.environment,
            timestamp=promise.start,
            metadata=metadata,
        )
        for name, value in (judgement.values if judgement else {}).items()
    ]


RISK_LEVEL = "hallucination_risk_level"
"""The categorical score beside the number: low, medium or high by the rubric's cuts."""

_MEANINGS = {
    "groundedness": "Share of the answer's statements that the evidence supports",
    "faithfulness": "Share of the statements on which the evidence speaks that it supports",
    "hallucination_risk": "Probability that a person would mark at least one unwanted hallucination",
}


def score_specs(rubrics: Iterable[Rubric]) -> tuple[ScoreSpec, ...]:
    """What the scores of these rubrics may be, for stores that are to be told."""
    rubrics = tuple(rubrics)
    names = dict.fromkeys(str(name) for rubric in rubrics for name in rubric.scores)
    numbers = [
        ScoreSpec(name=n, data_type="NUMERIC", minimum=0, maximum=1, description=_MEANINGS.get(n, "")) for n in names
    ]
    states = [
        ScoreSpec(
            name=name,
            data_type="CATEGORICAL",
            categories=tuple(state.value for state in GroundingState),
            description="Why the numbers are there, or why they are not",
        )
        for name in dict.fromkeys(rubric.state_score for rubric in rubrics)
    ]
    levels = ScoreSpec(
        name=RISK_LEVEL,
        data_type="CATEGORICAL",
        categories=("low", "medium", "high"),
        description="hallucination_risk by the cuts of the rubric",
    )
    return (*numbers, *states, *([levels] if "hallucination_risk" in names else []))


def written_values(outcome: Scored, rubric: Rubric) -> dict[str, float | str]:
    """Score name to value: the numbers that apply, the risk's level, and the rubric's state."""
    level = {RISK_LEVEL: outcome.risk_label} if outcome.risk_label is not None else {}
    return {**outcome.scores, **level, rubric.state_score: outcome.state.value}


def score_metadata(promise: Promise, outcome: Scored) -> dict[str, str | float | bool | None]:
    """Provenance and survey design: what is needed to weigh the score and to know what made it."""
    verdict = outcome.verdict
    usage = verdict.usage if verdict else Usage()
    return {
        "rubric": promise.rubric,
        "rubric_hash": promise.rubric_hash,
        "revision": outcome.revision,
        "use_case": promise.use_case,
        "pi": promise.pi,
        "stratum": promise.stratum,
        "sample": promise.sample,
        "judge": verdict.judge if verdict else None,
        "tier": verdict.tier.value if verdict else None,
        "calibrated": verdict.calibrated if verdict else False,
        "model_requested": verdict.model_requested if verdict else None,
        "model_served": verdict.model_served if verdict else None,
        "system_fingerprint": verdict.system_fingerprint if verdict else None,
        "tokens_in": usage.prompt_tokens,
        "tokens_cached": usage.cached_tokens,
        "tokens_out": usage.completion_tokens,
        "latency_s": round(verdict.latency_s, 3) if verdict else None,
        "rejected_evidence": verdict.rejected_evidence if verdict else 0,
        **(_cascade_metadata(verdict) if verdict and verdict.screening else {}),
    }


def _cascade_metadata(verdict: Verdict) -> dict[str, str | float | bool | None]:
    """Which tier decided and why, and the second phase of the survey design: what a rate weighs by 1/pi2."""
    first = verdict.screening
    if first is None:
        return {}
    return {
        "path": path_in_words(verdict),
        "pi2": first.pi2,
        "phase2": first.phase2,
        "escalation": first.why,
        "degraded": verdict.degraded,
        "needs_review": verdict.review_reason if verdict.needs_review else None,
        **{f"screen_{name}": value for name, value in first.scores.items()},
    }


def path_in_words(verdict: Verdict) -> str:
    """The path on one line.

    Example: `local escalated (risk 0.42 within 0.05–0.9) > llm decided (the last tier asked)`.
    """
    return " > ".join(
        f"{step.judge} {step.outcome}" + (f" ({step.reason})" if step.reason else "") for step in verdict.path
    )


def expected_scores(entry: LedgerEntry, project: str) -> dict[str, tuple[str, float | str]]:
    """Score id → (name, value) as the store must show them."""
    values = entry.judgement.values if entry.judgement else {}
    return {entry.promise.score_id(project, name): (name, value) for name, value in values.items()}
