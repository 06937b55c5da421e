"""The one seam where a judge's verdict, or its failure, becomes an outcome."""

from __future__ import annotations

import hashlib
import json
from typing import Literal

from assay.judges.base import Judge
from assay.judges.calibration import Calibration, CalibrationError
from assay.judges.comments import comment, score_comments
from assay.judges.cpu_executor import in_thread
from assay.judges.errors import (
    CallHeld,
    EvaluationError,
    ModelAccessDenied,
    ModelRefused,
    UnjudgeableSample,
    redacted,
)
from assay.judges.grades import conclude_grades
from assay.judges.metrics import has_evidence, risk_label, score
from assay.judges.rubric import Rubric
from assay.judges.rules import RULES_VERSION, RuleSet
from assay.judges.schema import Failed, GroundingState, HoldReason, Outcome, Sample, Scored, Skipped, Verdict
from assay.judges.text.composed import as_given, composed_sample, is_composed_sample
from assay.judges.text.reasoning import without_reasoning
from assay.judges.tiers import conclude, step

RESPONSE_LIMIT = 1_000_000
"""Characters a response may have. A longer one is no answer to a person. It is skipped, not cut."""


class Evaluator:
    """Evaluates samples under one rubric with one judge. It is built once for the pair.

    Raises:
        RubricError: a rule of the rubric cannot work, as a pattern that is no regular expression.
        CalibrationError: the calibration was fitted for another judge or another way of asking it.
    """

    def __init__(self, rubric: Rubric, judge: Judge, calibration: Calibration | None = None) -> None:
        self.rubric = rubric
        self.judge = judge
        self.calibration = calibration
        mismatch = calibration.mismatch(rubric, judge) if calibration else None
        if mismatch:
            raise CalibrationError(f"calibration of rubric {rubric.name}: does not hold: {mismatch}")
        self._rules = RuleSet(rubric.rules, f"rubric {rubric.name}")
        parts = [rubric.judging_hash(), judge.name, judge.fingerprint, RULES_VERSION]
        parts += [calibration.content_hash()] if calibration else []
        self._revision = hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def revision(self) -> str:
        """Evaluator revision: sha256 over everything of ours that could change a score, 64 hex digits."""
        return self._revision

    async def evaluate(self, sample: Sample) -> Outcome:
        """What became of the sample. Never raises, but for cancellation: every failure is an outcome."""
        try:
            return await self._evaluate(sample)
        except UnjudgeableSample as exc:
            return _skipped(exc.reason, exc.detail, exc)
        except ModelRefused as exc:
            return _skipped("model_refused", str(exc), exc)
        except EvaluationError as exc:
            return Failed(
                error=type(exc).__name__,
                message=redacted(str(exc)),
                retry_after_s=getattr(exc, "retry_after_s", None),
                held=_held(exc),
                usage=exc.usage,
                cost_usd=exc.cost_usd,
                screening=exc.screening,
            )
        except Exception as exc:  # noqa: BLE001 - outside the tree it is our bug, and still no reason to lose the batch
            # What had been spent by then is not known.
            return Failed(error=f"Bug:{type(exc).__name__}", message=redacted(str(exc)), cost_usd=None)

    async def _evaluate(self, sample: Sample) -> Scored:
        _check_size(sample)
        if is_composed_sample(sample):
            return await self._judged(sample)
        composed = await in_thread(composed_sample, sample)
        outcome = await self._judged(composed.sample)
        if outcome.verdict is None:
            return outcome
        return outcome.model_copy(update={"verdict": as_given(outcome.verdict, composed, sample)})

    async def _judged(self, sample: Sample) -> Scored:
        """What judge, rules and formulas make of a sample whose texts are in NFC."""
        # Blanked out, not cut off: offsets into the answer stay those into the sample's response.
        sample = sample.model_copy(update={"response": without_reasoning(sample.response)})
        if not sample.response.strip():
            raise UnjudgeableSample("empty_response", "the response holds reasoning and no answer")
        if self.rubric.method != "grounding":
            verdict = await self.judge.assess(sample, self.rubric)
            return await in_thread(conclude_grades, sample, verdict, self.rubric, self.revision)
        if not has_evidence(sample) and self.rubric.closed_book == "skip":
            return self._without_evidence()
        verdict = await self.judge.assess(sample, self.rubric)
        try:
            return await in_thread(self._conclude, sample, verdict)
        except EvaluationError as exc:
            exc.usage, exc.cost_usd = verdict.usage, verdict.cost_usd
            raise

    def _without_evidence(self) -> Scored:
        """No evidence was captured: a state and reasons, and no number."""
        state = GroundingState.NO_EVIDENCE
        reasons = dict.fromkeys(self.rubric.scores, state.value)
        note = "No evidence was captured for this response."
        return Scored(scores={}, not_applicable=reasons, state=state, comment=note, revision=self.revision)

    def _conclude(self, sample: Sample, verdict: Verdict) -> Scored:
        ruled = verdict if verdict.path else self._concluded(sample, verdict)
        scores, missing, state = score(sample, ruled, self.rubric)
        risk = scores.get("hallucination_risk")
        return Scored(
            scores=dict(scores),
            not_applicable=dict(missing),
            state=state,
            risk_label=_label(risk, state, self.rubric),
            comment=comment(sample, ruled),
            comments=score_comments(sample, ruled, self.rubric, dict(scores)),
            revision=self.revision,
            verdict=ruled,
        )

    def _concluded(self, sample: Sample, verdict: Verdict) -> Verdict:
        """The verdict of a judge of one tier. A cascade concludes tier by tier, and its verdicts come with a path."""
        ruled = conclude(sample, verdict, self._rules, self.calibration)
        return ruled.model_copy(update={"path": (step(sample, ruled, self.rubric, "decided", "the only tier"),)})


def _label(risk: float | None, state: GroundingState, rubric: Rubric) -> Literal["low", "medium", "high"] | None:
    """The risk in one word. Of a part that was judged it is the least the response has: it is never called low."""
    label = None if risk is None else risk_label(risk, rubric)
    return None if label == "low" and state is GroundingState.PARTLY_JUDGED else label


def _held(error: EvaluationError) -> HoldReason | None:
    """What work waits for after this error: leave, or a person who mends key, account or model. None: it failed."""
    if isinstance(error, CallHeld):
        return error.reason
    return "access" if isinstance(error, ModelAccessDenied) and error.reach != "unclear" else None


def _skipped(reason: str, detail: str, exc: EvaluationError) -> Skipped:
    spent = {"usage": exc.usage, "cost_usd": exc.cost_usd}
    return Skipped(reason=reason, detail=redacted(detail), screening=exc.screening, **spent)


def _check_size(sample: Sample) -> None:
    if not sample.response.strip():
        raise UnjudgeableSample("empty_response", "the response holds no text")
    if len(sample.response) > RESPONSE_LIMIT:
        size = len(sample.response)
        raise UnjudgeableSample("response_too_large", f"{size:,} characters; the limit is {RESPONSE_LIMIT:,}")
