"""The fixture `assay`: an answer is judged, and the test fails with the sentence that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from assay.judges.errors import EvaluationError
from assay.judges.rubric import JudgeName
from assay.judges.schema import Outcome, Sample, Scored, Turn
from assay.worker.golden.results.item_status import ItemStatus, decide
from assay.worker.golden.sets.golden_set import GoldenSet, item_sample
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.pytest_plugin.arguments import (
    Limits,
    check_item_decides,
    check_judge,
    check_latency,
    item_of_set,
    read_limits,
    read_sample,
)
from assay.worker.pytest_plugin.checked import Checked, Status
from assay.worker.pytest_plugin.failures import AnswerIsUndecided, AnswerIsWrong, CheckCannotWork
from assay.worker.pytest_plugin.judging import Judges

_STATUS: Mapping[ItemStatus, Status] = {
    ItemStatus.PASSED: "passed",
    ItemStatus.FAILED: "failed",
    ItemStatus.MISSING: "undecided",
}


class Checker:
    """Checks answers in one test.

    Args:
        judges: who judges.
        test: pytest's name of the test.
        golden_set: whose items the test takes; None: of none.
        gated: whether the gate judges the set's answers at the end, all together.
        keep: is given each check.
    """

    def __init__(
        self,
        judges: Judges,
        test: str,
        *,
        golden_set: GoldenSet | None,
        gated: bool,
        keep: Callable[[Checked], None],
    ) -> None:
        self._judges = judges
        self._test = test
        self._set = golden_set
        self._gated = gated
        self._keep = keep

    def check(  # noqa: PLR0913  # what is judged, by whom, within which limits
        self,
        item: GoldenItem | None = None,
        *,
        response: str,
        contexts: str | Iterable[str | Mapping[str, Any]] | None = None,
        question: str = "",
        history: Sequence[Turn | Mapping[str, Any]] = (),
        reference: str | None = None,
        rubric: str | None = None,
        judge: JudgeName | None = None,
        at_most: Mapping[str, float] | None = None,
        at_least: Mapping[str, float] | None = None,
        latency_s: float | None = None,
    ) -> Outcome | None:
        """Judge an answer, and fail the test if it is wrong.

        Args:
            item: of the golden set that the test is marked with. It brings question, evidence, rubric and limits.
            response: what the application answered.
            contexts: what it had found: passages, or one passage. Of an item, None means the evidence that the item
                declares.
            question: what was asked.
            history: the turns before.
            reference: an answer that is right.
            rubric: its name. Default: `grounding`, with `judge="llm"` `grounding-llm`.
            judge: who judges. Default: whom the rubric names.
            at_most: limits of scores, e.g. `{"hallucination_risk": 0.3}`. Default: the risk that the rubric calls high.
            at_least: limits on the other side, e.g. `{"faithfulness": 0.8}`. A score may have both.
            latency_s: how long the answer took.

        Returns:
            What the judge concluded; None where the gate judges at the end.

        Raises:
            AnswerIsWrong: it is wrong; the message holds the sentence.
            AnswerIsUndecided: the judge gave no number.
            CheckCannotWork: names what was given and the remedy.
        """
        asked = {"question": question, "history": history, "reference": reference}
        choices = {"rubric": rubric, "judge": judge, "at_most": at_most, "at_least": at_least}
        try:
            check_latency(latency_s)
            if item is not None:
                golden, item = item_of_set(item, self._set)
                check_item_decides(golden, item, {**asked, **choices})
                sample = read_sample(self._test, response=response, contexts=contexts)
                evidence = None if contexts is None else sample.contexts
                return self._check_item(golden, item, sample.response, evidence, latency_s)
            sample = read_sample(self._test, response=response, contexts=contexts, **asked)
            return self._check_sample(sample, rubric, judge, at_most, at_least)
        except EvaluationError as exc:
            raise CheckCannotWork(str(exc), pytrace=False) from None

    def _check_sample(
        self, sample: Sample, rubric: str | None, judge: JudgeName | None, at_most: object, at_least: object
    ) -> Outcome:
        check_judge(rubric, judge)
        evaluator = self._judges.evaluator(rubric, judge)
        limits = read_limits(evaluator.rubric, at_most, at_least)
        outcome = self._judges.judged(sample, evaluator)
        status, reason = held_against(outcome, limits)
        self._tell(Checked(test=self._test, status=status, reason=reason, revision=evaluator.revision))
        return outcome

    def _check_item(
        self,
        golden: GoldenSet,
        item: GoldenItem,
        response: str,
        contexts: tuple[str, ...] | None,
        latency_s: float | None,
    ) -> Outcome | None:
        checked = Checked(
            test=self._test,
            status="undecided",
            golden_set=golden.name,
            item_id=item.id,
            response=response,
            contexts=contexts,
            latency_s=latency_s,
        )
        if self._gated:
            self._keep(checked)
            return None
        evaluator = self._judges.evaluator(golden.rubric, None)
        sample = item_sample(item, response=response, contexts=item.contexts if contexts is None else contexts)
        outcome = self._judges.judged(sample, evaluator)
        status, reasons = decide(item, response, outcome, golden.manifest)
        reason = "; ".join([*reasons, *([outcome.comment] if isinstance(outcome, Scored) and reasons else [])])
        update = {"status": _STATUS[status], "reason": reason, "revision": evaluator.revision}
        self._tell(checked.model_copy(update=update))
        return outcome

    def _tell(self, checked: Checked) -> None:
        self._keep(checked)
        if checked.status == "failed":
            raise AnswerIsWrong(checked.reason, pytrace=False)
        if checked.status == "undecided":
            raise AnswerIsUndecided(f"not decided: {checked.reason}", pytrace=False)


def held_against(outcome: Outcome, limits: Limits) -> tuple[Status, str]:
    """Whether an outcome keeps its limits, and why not, in a line. A failure is no number, and passes nothing."""
    if not isinstance(outcome, Scored):
        reason = outcome.error if outcome.outcome == "failed" else outcome.reason
        words = outcome.message if outcome.outcome == "failed" else outcome.detail
        return "undecided", ": ".join(filter(None, (reason, words)))
    missing = [name for name, _ in limits if name not in outcome.scores]
    if missing:
        why = outcome.not_applicable.get(missing[0], outcome.state.value)
        return "undecided", f"{missing[0]}: {why}; {outcome.comment}"
    broken = [
        f"{name} {outcome.scores[name]:.2f}, must be {limit}"
        for name, limit in limits
        if not limit.met_by(outcome.scores[name])
    ]
    return ("failed", f"{'; '.join(broken)}: {outcome.comment}") if broken else ("passed", "")
