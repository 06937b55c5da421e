"""Replay: the recorded question goes to the application as it is now; old and new answer are judged side by side.

Both answers are judged by the same evaluator, so that only the answer differs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from assay.judges.errors import UnjudgeableSample
from assay.judges.evaluate import Evaluator
from assay.judges.redaction.redact import redacted_detail, redacted_samples
from assay.judges.schema import Outcome, Record, Sample, Scored, Skipped
from assay.worker.golden.runs.concurrency import limit_of, map_bounded
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.golden.targets.port import GoldenTarget, TargetFailure, TargetResponse
from assay.worker.reporting.flagged.problem import problem_of
from assay.worker.reporting.flagged.query import RISK
from assay.worker.setup.recorded_samples import RecordedSample

Change = Literal["mended", "still flagged", "newly flagged", "still fine", "unknown"]


class JudgedAnswer(Record):
    """One answer and what the judge made of it.

    Attributes:
        response: its text.
        contexts: how many pieces of evidence it was judged against.
        state: the outcome's state, or `skipped: reason`, `failed: error`, `no answer: reason`.
        scores: what was scored. Empty where nothing was.
        is_flagged: whether its risk reaches the rubric's cut. None without a risk.
        sentence: the worst sentence, and `reason` why.
    """

    response: str = ""
    contexts: int = 0
    state: str
    scores: dict[str, float] = Field(default_factory=dict)
    is_flagged: bool | None = None
    sentence: str = ""
    reason: str = ""
    cost_usd: float | None = 0.0


class Replayed(Record):
    """One trace, asked again."""

    trace_id: str
    use_case: str
    question: str
    old: JudgedAnswer
    new: JudgedAnswer

    @property
    def change(self) -> Change:
        """What became of it. A side without a risk leaves it unknown."""
        old, new = self.old.is_flagged, self.new.is_flagged
        if old is None or new is None:
            return "unknown"
        if old:
            return "still flagged" if new else "mended"
        return "newly flagged" if new else "still fine"


@dataclass(frozen=True)
class Replay:
    """Asks a target again what was recorded.

    Attributes:
        target: the application, or a model with a prompt.
        is_application: whether it is the application, which had the text before and gets it as it was. A model gets
            what the use case's policy lets out.
        evaluators: by use case, each with that use case's calibration: it judges both answers.
        concurrency: traces at work at once.
    """

    target: GoldenTarget
    is_application: bool
    evaluators: Mapping[str, Evaluator]
    concurrency: int = 8

    async def replay(self, recorded: Sequence[RecordedSample]) -> list[Replayed]:
        """Ask and judge each, in their order. What failed is told in its place, and costs no other.

        Raises:
            ConfigurationError: the target cannot be asked at all.
        """
        replayed = await map_bounded(self._replayed, recorded, limit=limit_of(self.concurrency))
        return [each for each in replayed if each is not None]

    async def _replayed(self, recorded: RecordedSample) -> Replayed:
        asked = recorded.recorded if self.is_application else recorded.sample
        try:
            fresh = answered(asked, await self.target.respond(item_of(asked)))
            # Together: a value has the same placeholder in both.
            then, now = (each.sample for each in redacted_samples((recorded.recorded, fresh), recorded.redaction))
        except TargetFailure as exc:
            old = await self._judged(recorded.sample, recorded)
            why = redacted_detail(exc.detail, recorded.redaction)  # an application's error may repeat what it was asked
            return _side_by_side(recorded, old, JudgedAnswer(state=f"no answer: {exc.reason}", reason=why))
        except UnjudgeableSample as exc:
            old = await self._judged(recorded.sample, recorded)
            return _side_by_side(recorded, old, JudgedAnswer(state=f"skipped: {exc.reason}", reason=exc.detail))
        return _side_by_side(recorded, *await asyncio.gather(self._judged(then, recorded), self._judged(now, recorded)))

    async def _judged(self, sample: Sample, recorded: RecordedSample) -> JudgedAnswer:
        evaluator = self.evaluators[recorded.use_case.name]
        return _judged(sample, await evaluator.evaluate(sample), evaluator)


def _side_by_side(recorded: RecordedSample, old: JudgedAnswer, new: JudgedAnswer) -> Replayed:
    return Replayed(
        trace_id=recorded.trace.id,
        use_case=recorded.use_case.name,
        question=recorded.sample.question,
        old=old,
        new=new,
    )


def item_of(sample: Sample) -> GoldenItem:
    """The recorded input, as a target is asked it."""
    return GoldenItem(id=sample.id, question=sample.question, history=sample.history, contexts=sample.contexts)


def answered(sample: Sample, answer: TargetResponse) -> Sample:
    """The sample with the new answer. Evidence that came with it replaces the recorded one."""
    contexts = sample.contexts if answer.contexts is None else answer.contexts
    return sample.model_copy(update={"response": answer.response, "contexts": contexts})


def _judged(sample: Sample, outcome: Outcome, evaluator: Evaluator) -> JudgedAnswer:
    shown = {"response": sample.response, "contexts": len(sample.contexts), "cost_usd": _cost(outcome)}
    if not isinstance(outcome, Scored):
        why = outcome.reason if isinstance(outcome, Skipped) else outcome.error
        told = outcome.detail if isinstance(outcome, Skipped) else outcome.message
        return JudgedAnswer(state=f"{outcome.outcome}: {why}", reason=told, **shown)
    risk = outcome.scores.get(RISK)
    rubric, verdict = evaluator.rubric, outcome.verdict
    problem = problem_of(verdict, RISK, rubric=rubric, sample=sample) if verdict else None
    return JudgedAnswer(
        state=outcome.state.value,
        scores=outcome.scores,
        is_flagged=None if risk is None else risk >= rubric.risk_labels.high,
        sentence=problem.sentence if problem else "",
        reason=problem.reason if problem else "",
        **shown,
    )


def _cost(outcome: Outcome) -> float | None:
    if isinstance(outcome, Scored):
        return outcome.verdict.cost_usd if outcome.verdict else 0.0
    return outcome.cost_usd
