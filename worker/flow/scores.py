"""From a judged ledger entry to the scores a store is to show: ids, values, comments and provenance."""

from __future__ import annotations

from assay.judges.rubric import ANSWER_CHECK, RISK_LEVEL, Rubric
from assay.judges.schema import GroundingState, RubricState, Scored, Usage, Verdict
from assay.worker.records.ledger import Judgement, LedgerEntry, Promise
from assay.worker.records.scores import Score, ScoreKey

CHECK_OF_STATE = {
    GroundingState.NO_EVIDENCE: "no evidence",
    GroundingState.REFUSAL: "refusal",
    GroundingState.NO_CLAIMS: "nothing to check",
    GroundingState.LANGUAGE_UNSUPPORTED: "language not supported",
}
"""`answer_check` where there is no risk to tell."""

CHECK_OF_PART = {
    GroundingState.PARTIAL_CONTEXT: "prompt cut",
    GroundingState.PARTLY_JUDGED: "partly judged",
}
"""`answer_check` of states that usually have a risk, where they have none: the judge did not read its prompt, or read a
part of the response and found nothing against it."""

CHECK_OF_RISK = {"low": "low risk", "medium": "medium risk", "high": "high risk"}
"""`answer_check` where there is one, by the risk's level."""


def build_scores(entry: LedgerEntry, outcome: Scored, project: str) -> list[Score]:
    """The scores of one judged trace that are to be written, each with a comment of its own."""
    promise = entry.promise
    judgement = entry.judgement
    if judgement is None:
        return []
    metadata = {
        **score_metadata(promise, outcome),
        "cost_usd": judgement.cost_usd,
        "environment": promise.environment,
        **judgement.facts.known(),
    }
    return [
        Score(
            id=promise.score_id(project, own_name),
            trace_id=promise.trace_id,
            observation_id=promise.observation_id,
            name=name,
            value=judgement.values[own_name],
            comment=outcome.comments.get(own_name, outcome.comment),
            environment=promise.environment,
            timestamp=promise.start,
            metadata=metadata,
            root_id=entry.particulars.root_id,
        )
        for own_name, name in names_in(judgement).items()
    ]


def names_in(judgement: Judgement) -> dict[str, str]:
    """The scores of a judgement that are written: their own names, and the names in the store."""
    if judgement.names is not None:
        return judgement.names
    return {name: name for name in judgement.values}


def judged_values(outcome: Scored, rubric: Rubric) -> dict[str, float | str]:
    """Every score by its own name: the numbers that apply, the verdict in words, the risk's level, the state."""
    check = _answer_check(outcome) if rubric.method == "grounding" else None
    words = {ANSWER_CHECK: check, RISK_LEVEL: outcome.risk_label, rubric.state_score: outcome.state.value}
    return {**outcome.scores, **{name: word for name, word in words.items() if word is not None}}


def _answer_check(outcome: Scored) -> str | None:
    """The verdict in words; None where the rubric gives no risk to put into words."""
    if outcome.risk_label is not None:
        return CHECK_OF_RISK[outcome.risk_label]
    if not isinstance(outcome.state, GroundingState):
        return None
    if outcome.state in CHECK_OF_PART and (not outcome.scores or "hallucination_risk" in outcome.scores):
        return CHECK_OF_PART[outcome.state]
    return CHECK_OF_STATE.get(outcome.state)


def written_names(outcome: Scored, rubric: Rubric) -> dict[str, str]:
    """The scores of one outcome that are written: their own names, and the names in the store.

    Never none: a trace whose score was judged and shows nothing would be judged again where the ledger is lost.
    """
    there = judged_values(outcome, rubric)
    chosen = rubric.write.scores or _default_names(outcome, rubric)
    names = [name for name in chosen if name in there]
    if not names:
        names = [ANSWER_CHECK if ANSWER_CHECK in there else rubric.state_score]
    return {name: rubric.write.named(name) for name in names}


def _default_names(outcome: Scored, rubric: Rubric) -> tuple[str, ...]:
    """What is written where nothing is chosen: no state that only says that all is well."""
    says_nothing = outcome.state is RubricState.SCORED
    return tuple(name for name in rubric.writes_by_default if not (says_nothing and name == rubric.state_score))


def score_metadata(promise: Promise, outcome: Scored) -> dict[str, str | float | bool | None]:
    """Provenance and survey design: what is needed to weigh the score and to know what made it."""
    verdict = outcome.verdict
    usage = verdict.usage if verdict else Usage()
    return {
        "rubric": promise.rubric,
        "rubric_hash": promise.rubric_hash,
        "revision": outcome.revision,
        "state": outcome.state.value,
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


def expected_scores(entry: LedgerEntry, project: str) -> dict[ScoreKey, tuple[str, float | str]]:
    """Score → (name, value) as the store must show them."""
    if entry.judgement is None:
        return {}
    values = entry.judgement.values
    return {
        entry.promise.score_key(project, own_name): (name, values[own_name])
        for own_name, name in names_in(entry.judgement).items()
    }
