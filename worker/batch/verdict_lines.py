"""One verdict as one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import JsonValue

from assay.judges.errors import ModelAccessDenied, RequestRejected
from assay.judges.evaluate import Evaluator
from assay.judges.redaction.policy import Redaction
from assay.judges.redaction.redact import RedactedSample, redacted_sample
from assay.judges.rubric import Rubric
from assay.judges.schema import (
    Failed,
    Outcome,
    Scored,
    Skipped,
    TierStep,
    Usage,
    Verdict,
)
from assay.worker.batch.explanation import explain_verdict
from assay.worker.batch.reading import LabelledSample, RawLine, read_sample
from assay.worker.batch.redacting import NOTHING, sample_digest, shown_sample
from assay.worker.batch.verdict_basis import DIGITS, basis
from assay.worker.records.jsonl import BadLine

_REFUSALS = frozenset(error.__name__ for error in (ModelAccessDenied, RequestRejected))


class Judged(NamedTuple):
    """What became of one sample.

    Attributes:
        line: the verdict as JSON.
        outcome: `scored`, `skipped` or `failed`.
        explanation: the block for a person, if it was asked for.
        refused: the endpoint's message where it refused the call for good.
        usage: tokens and calls that judging took, whatever the outcome.
        cost_usd: their price. None where it is unknown.
        settled: whether a cascade's first tier decided without any call.
    """

    line: str
    outcome: str
    explanation: str = ""
    refused: str = ""
    usage: Usage = Usage()
    cost_usd: float | None = 0.0
    settled: bool = False


async def judge_line(
    line: RawLine | BadLine, evaluator: Evaluator, *, explain: bool, redaction: Redaction = NOTHING
) -> Judged | BadLine:
    """Judge one line of input. A line that could not be read is given back."""
    read = read_sample(line) if isinstance(line, RawLine) else line
    if isinstance(read, BadLine):
        return read
    shown = await shown_sample(read.sample, redaction)
    if isinstance(shown, Skipped):
        return judged(read, shown, evaluator, explain=explain, redaction=redaction)
    outcome = await evaluator.evaluate(shown.sample)
    return judged(read, outcome, evaluator, explain=explain, redaction=redaction, shown=shown)


def judged(  # what was judged, and how
    read: LabelledSample,
    outcome: Outcome,
    evaluator: Evaluator,
    *,
    explain: bool,
    redaction: Redaction = NOTHING,
    shown: RedactedSample | None = None,
) -> Judged:
    """The outcome of a sample, as it is written.

    Args:
        read: the line.
        outcome: what became of it.
        evaluator: who judged it.
        explain: whether a person is told, too.
        redaction: what the judge did not see.
        shown: what it saw. None where that is the sample itself, or nothing at all.
    """
    shown = shown or redacted_sample(read.sample, NOTHING)
    record = verdict_record(read, outcome, evaluator, shown, redaction)
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(", ", ": "))
    refused = isinstance(outcome, Failed) and outcome.error in _REFUSALS
    usage, cost_usd = _spent(outcome)
    return Judged(
        line=text,
        outcome=outcome.outcome,
        explanation="\n".join(explain_verdict(record)) if explain else "",
        refused=outcome.message if isinstance(outcome, Failed) and refused else "",
        usage=usage,
        cost_usd=cost_usd,
        settled=isinstance(outcome, Scored) and _is_settled(outcome.verdict),
    )


def _spent(outcome: Outcome) -> tuple[Usage, float | None]:
    if not isinstance(outcome, Scored):
        return outcome.usage, outcome.cost_usd
    return (outcome.verdict.usage, outcome.verdict.cost_usd) if outcome.verdict else (Usage(), 0.0)


def _is_settled(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.screening is not None and verdict.usage.calls == 0


def verdict_record(
    read: LabelledSample, outcome: Outcome, evaluator: Evaluator, shown: RedactedSample, redaction: Redaction
) -> dict[str, Any]:
    """The verdict's fields, then the kept ones. A kept field with a verdict's name goes into `input`."""
    verdict = outcome.verdict if isinstance(outcome, Scored) else None
    usage, cost_usd = _spent(outcome)
    record: dict[str, Any] = {
        "id": read.given_id,
        "outcome": outcome.outcome,
        **_concluded(shown, outcome, evaluator.rubric),
        "judge": evaluator.judge.name,
        "rubric": evaluator.rubric.name,
        "revision": evaluator.revision,
        "calibrated": verdict is not None and verdict.calibrated,
        "tier": verdict.tier.value if verdict else None,
        "decided_by": verdict.judge if verdict else None,
        "path": [_step(step) for step in verdict.path] if verdict else [],
        "votes": _votes(verdict),
        "screening": _screening(verdict),
        "needs_review": verdict.review_reason or None if verdict and verdict.needs_review else None,
        "degraded": verdict is not None and verdict.degraded,
        "model": verdict.model_served if verdict else None,
        "model_requested": verdict.model_requested if verdict else None,
        "system_fingerprint": verdict.system_fingerprint if verdict else None,
        "cost_usd": cost_usd,
        "cost_basis": verdict.cost_basis if verdict else "",
        "usage": usage.model_dump(),
        "sample": sample_digest(read.sample, redaction),
    }
    return record | _beside(record.keys() | _ALL_NAMES, read.kept)


def _step(step: TierStep) -> dict[str, Any]:
    risk = None if step.risk is None else round(step.risk, DIGITS)
    return {**step.model_dump(mode="json"), "risk": risk}


def _votes(verdict: Verdict | None) -> list[dict[str, Any]]:
    """How each member of a panel voted. Empty where no panel was asked."""
    return [
        {**vote.model_dump(mode="json"), "risk": None if vote.risk is None else round(vote.risk, DIGITS)}
        for vote in (verdict.votes if verdict else ())
    ]


def _screening(verdict: Verdict | None) -> dict[str, Any] | None:
    """The first phase of a cascade, which `pi2` weighs. None for a single judge."""
    if verdict is None or verdict.screening is None:
        return None
    first = verdict.screening
    scores = {name: round(value, DIGITS) for name, value in sorted(first.scores.items())}
    return {"scores": scores, "pi2": first.pi2, "why": first.why, "phase2": first.phase2}


_ALL_NAMES = frozenset(
    {"scores", "states", "not_applicable", "raw_risk", "comment", "claims", "rule_hits", "reason", "detail", "error"}
    | {"grades"}
)


def _beside(taken: frozenset[str] | set[str], kept: Mapping[str, JsonValue]) -> dict[str, Any]:
    free = {key: value for key, value in kept.items() if key not in taken and key != "input"}
    hidden = {key: value for key, value in kept.items() if key not in free}
    return free | ({"input": hidden} if hidden else {})


def _concluded(shown: RedactedSample, outcome: Outcome, rubric: Rubric) -> dict[str, Any]:
    """What differs between the outcomes. Only a scored one has scores."""
    if isinstance(outcome, Skipped):
        return {"reason": outcome.reason, "detail": outcome.detail}
    if isinstance(outcome, Failed):
        return {"error": {"type": outcome.error, "message": outcome.message}}
    return {
        "scores": {name: round(value, DIGITS) for name, value in sorted(outcome.scores.items())},
        "states": _states(outcome, rubric),
        "not_applicable": dict(sorted(outcome.not_applicable.items())),
        "comment": outcome.comment,
        **basis(shown, outcome, rubric),
    }


def _states(outcome: Scored, rubric: Rubric) -> dict[str, str | None]:
    risk = {"risk": outcome.risk_label} if rubric.method == "grounding" else {}
    return {rubric.state_score: outcome.state.value, **risk}
