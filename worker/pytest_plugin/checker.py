"""The fixture `assay`: an answer is judged, and the test fails with the sentence that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import JudgeName, Rubric
from assay.judges.schema import Outcome, Sample, Scored, Turn
from assay.worker.golden.results.item_status import ItemStatus, decide
from assay.worker.golden.sets.golden_set import GoldenSet, item_sample
from assay.worker.golden.sets.manifest import GoldenItem, Threshold
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
        contexts: Sequence[str] | None = None,
        question: str = "",
        history: Sequence[Turn] = (),
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
            contexts: what it had found. Of an item, None means the evidence that the item declares.
            question: what was asked.
            history: the turns before.
            reference: an answer that is right.
            rubric: its name. Default: `grounding`, with `judge="llm"` `grounding-llm`.
            judge: who judges. Default: whom the rubric names.
            at_most: limits of scores, e.g. `{"hallucination_risk": 0.3}`. Default: the risk that the rubric calls high.
            at_least: limits on the other side, e.g. `{"faithfulness": 0.8}`.
            latency_s: how long the answer took.

        Returns:
            What the judge concluded; None where the gate judges at the end.

        Raises:
            AnswerIsWrong: it is wrong; the message holds the sentence.
            AnswerIsUndecided: the judge gave no number.
            CheckCannotWork: names file, key and remedy.
        """
        evidence = None if contexts is None else tuple(contexts)
        if item is not None:
            return self._check_item(item, response, evidence, latency_s)
        sample = Sample(
            id=self._test,
            question=question,
            history=tuple(history),
            contexts=evidence or (),
            response=response,
            reference=reference,
        )
        try:
            evaluator = self._judges.evaluator(rubric, judge)
            limits = _limits(evaluator.rubric, at_most or {}, at_least or {})
        except ConfigurationError as exc:
            raise CheckCannotWork(str(exc), pytrace=False) from None
        outcome = self._judges.judged(sample, evaluator)
        status, reason = held_against(outcome, limits)
        self._tell(Checked(test=self._test, status=status, reason=reason, revision=evaluator.revision))
        return outcome

    def _check_item(
        self, item: GoldenItem, response: str, contexts: tuple[str, ...] | None, latency_s: float | None
    ) -> Outcome | None:
        golden = self._set
        if golden is None or item.id not in {known.id for known in golden.items}:
            raise CheckCannotWork(
                f"item {item.id!r}: is none of the set that the test is marked with; mark it with "
                '@pytest.mark.assay_set("NAME"), and take the items from its argument `item`',
                pytrace=False,
            )
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


def held_against(outcome: Outcome, limits: Mapping[str, Threshold]) -> tuple[Status, str]:
    """Whether an outcome keeps its limits, and why not, in a line. A failure is no number, and passes nothing."""
    if not isinstance(outcome, Scored):
        reason = outcome.error if outcome.outcome == "failed" else outcome.reason
        words = outcome.message if outcome.outcome == "failed" else outcome.detail
        return "undecided", ": ".join(filter(None, (reason, words)))
    missing = [name for name in limits if name not in outcome.scores]
    if missing:
        why = outcome.not_applicable.get(missing[0], outcome.state.value)
        return "undecided", f"{missing[0]}: {why}; {outcome.comment}"
    broken = [f"{name} {outcome.scores[name]:.2f}, must be {limit}" for name, limit in limits.items()]
    broken = [
        words for words, (name, limit) in zip(broken, limits.items(), strict=True)
        if not limit.met_by(outcome.scores[name])
    ]  # fmt: skip
    return ("failed", f"{'; '.join(broken)}: {outcome.comment}") if broken else ("passed", "")


def _limits(rubric: Rubric, at_most: Mapping[str, float], at_least: Mapping[str, float]) -> dict[str, Threshold]:
    limits = {name: Threshold(at_most=value) for name, value in at_most.items()}
    limits |= {name: Threshold(at_least=value) for name, value in at_least.items()}
    unknown = sorted(limits.keys() - set(rubric.scores))
    if unknown:
        raise ConfigurationError(
            f"check: {', '.join(unknown)}: rubric {rubric.name} has no such score; it has {', '.join(rubric.scores)}"
        )
    if limits:
        return limits
    if "hallucination_risk" not in rubric.scores:
        raise ConfigurationError(
            f"check: rubric {rubric.name} gives no risk; say at_most or at_least, for {', '.join(rubric.scores)}"
        )
    return {"hallucination_risk": Threshold(at_most=rubric.risk_labels.high)}
