"""The sentence of each finding. Reasons and warnings of a gate are worded here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import singledispatch

from assay.worker.golden.gate import findings as kinds
from assay.worker.golden.report.wording.effects import drop_words
from assay.worker.golden.report.wording.numbers import counted, items_words, listed, metric_name, number, p_value_of
from assay.worker.golden.results.gate_result import MetricTest
from assay.worker.golden.sets.manifest import PASS_RATE

NOT_SHOWN = "not shown to be no worse"
"""How the sentence begins where one look did not show a margin; a scheduled run does not take that for a fault."""

TOO_FEW_TO_TELL = "neither passed nor shown to be a regression"
"""How the sentence begins where a large drop lies in too few clusters; a scheduled run asks its series first."""

_NAMED = 5

_FOREIGN = re.compile(r"((?:target|judge) failed: (?:Bug:)?\w*(?:: \w*(?:Error|Exception)\b)?).*", re.DOTALL)
"""A reason that goes on in somebody else's words, after who failed, how, and the exception's type.

`target failed: error: ValueError: Jane Doe, born 1970` is cut after `ValueError`.
"""


def sentences(findings: Iterable[kinds.Finding]) -> tuple[str, ...]:
    """The sentence of each finding, in their order."""
    return tuple(sentence(finding) for finding in findings)


@singledispatch
def sentence(finding: object) -> str:
    """The sentence of a finding.

    Raises:
        TypeError: a kind of finding that has no sentence yet.
    """
    raise TypeError(f"no sentence for {type(finding).__name__}")


def primary_words(test: MetricTest, alpha: float) -> str:
    """What the test of the primary metric says."""
    if not test.shown_worse:
        return f"no regression shown: one-sided {test.test} p = {p_value_of(test.p_value)} > {alpha:g}"
    moved = f"{metric_name(test.metric)} {'fell' if test.better_when == 'higher' else 'rose'}"
    return f"{moved}: one-sided {test.test} p = {p_value_of(test.p_value)} ≤ {alpha:g}"


def metric_words(test: MetricTest) -> str:
    """A secondary metric that is shown to be worse."""
    p_value = f"one-sided {test.test}, Holm p = {test.adjusted_p:.3g}" if test.adjusted_p is not None else test.test
    times = f", {test.ratio:.2f} times as much" if test.ratio is not None else ""
    return f"{metric_name(test.metric)} worse: {number(test.baseline)} → {number(test.candidate)}{times} ({p_value})"


@sentence.register
def _(finding: kinds.RevisionsDiffer) -> str:
    return "baseline and candidate were judged by different evaluator revisions; judge the baseline again"


@sentence.register
def _(finding: kinds.JudgeUnexamined) -> str:
    if finding.is_screen:
        remedy = "scores of the screen decide only after a passed exam: add anchors"
    else:
        remedy = "add anchors or set gate.allow_unexamined"
    return f"judge unexamined: {finding.reason}; {remedy}"


@sentence.register
def _(finding: kinds.UnexaminedJudgeAllowed) -> str:
    return f"the judge is unexamined ({finding.reason}); gate.allow_unexamined lets it decide all the same"


@sentence.register
def _(finding: kinds.ExamOfAnotherJudge) -> str:
    return "the judge's exam is of another evaluator revision or set; examine it again"


@sentence.register
def _(finding: kinds.ExamNotPassed) -> str:
    return f"judge exam {finding.state.value}: {finding.reason}"


@sentence.register
def _(finding: kinds.SidesServedDifferently) -> str:
    before, after = ", ".join(finding.baseline), ", ".join(finding.candidate)
    return f"the sides were judged by different models: the baseline by {before}, the candidate by {after}"


@sentence.register
def _(finding: kinds.ServedByNewModel) -> str:
    new, before = ", ".join(finding.new), ", ".join(finding.before)
    return f"the judge is served by another model: {new}, {before} when the baseline was taken"


@sentence.register
def _(finding: kinds.RunTimedOut) -> str:
    lost = f"{finding.missing} of {finding.answers} answers missing"
    return f"{finding.side}: the time of the whole run was up with {lost}"


@sentence.register
def _(finding: kinds.AnswersMissing) -> str:
    # Only the kind of failure: what a target or judge answered may be private, and this line goes to pipelines.
    kind = "no reason given" if finding.first_reason is None else _FOREIGN.sub(r"\1", finding.first_reason)
    lost = f"{finding.missing} of {finding.answers} items missing"
    return f"{finding.side}: {lost} (first: {finding.first_id}: {kind})"


@sentence.register
def _(finding: kinds.PrimaryHalfScored) -> str:
    count = f"{len(finding.items)} of {finding.n} items"
    return f"{metric_name(finding.metric)} of {count} is not known on both sides (first: {finding.items[0]})"


@sentence.register
def _(finding: kinds.MustPassUnknown) -> str:
    return f"must-pass items missing or not confirmed: {', '.join(finding.items)}"


@sentence.register
def _(finding: kinds.MustPassUnconfirmed) -> str:
    return f"must-pass items failed and were not judged again, for the time was up: {', '.join(finding.items)}"


@sentence.register
def _(finding: kinds.NothingCompared) -> str:
    return "nothing was compared"


@sentence.register
def _(finding: kinds.BaselinePassesNothing) -> str:
    return "baseline: not one item passes, so nothing can get worse; take a baseline that works"


@sentence.register
def _(finding: kinds.CandidateSaysNothing) -> str:
    return f"candidate: all {finding.answers} answers are refusals or say nothing that could be checked"


@sentence.register
def _(finding: kinds.TooLittleToLose) -> str:
    primary = finding.primary
    what = f"{metric_name(primary.metric)} {number(primary.baseline)} over {primary.n} items"
    if primary.metric == PASS_RATE:
        what = f"{finding.passed} of {finding.answers} answers pass"
    least = f"if all of the candidate's failed, p would be {finding.least_p:.3g} > {finding.alpha:g}"
    return f"baseline: {what}, so no regression could be shown ({least}); take one that works, or more items"


@sentence.register
def _(finding: kinds.TooFewClusters) -> str:
    items = items_words(finding.items, finding.clusters)
    least = f"if every answer of the candidate's failed, p would be {finding.least_p:.3g} > {finding.alpha:g}"
    remedy = "take items of more sources, or say gate.cluster_by: item if these do not move together"
    return f"{items} ({finding.cluster_by}) are too few to show a regression: {least}; {remedy}"


@sentence.register
def _(finding: kinds.MustPassFailed) -> str:
    return f"must-pass item failed: {finding.item}"


@sentence.register
def _(finding: kinds.PrimaryTested) -> str:
    return primary_words(finding.test, finding.alpha)


@sentence.register
def _(finding: kinds.DropNotShown) -> str:
    worse, clusters = len(finding.worse), finding.test.clusters
    where = ""
    if clusters < finding.test.n:
        named = listed(finding.worse, _NAMED)
        where = f" in {worse} of {clusters} clusters ({finding.cluster_by}: {named})"
    fell = f"{counted(finding.items, 'item')} got worse{where}, {100 * finding.drop:.1f} points in all"
    least = 0.5**worse
    if least > finding.alpha:
        few = f"{counted(worse, 'cluster')} alone cannot be told from chance"
        chance = f"{few} at alpha {finding.alpha:g} (p is at least {least:.3g})"
    else:
        chance = f"beside what changed elsewhere, p = {p_value_of(finding.test.p_value)} does not tell it from chance"
    return f"{TOO_FEW_TO_TELL}: {fell}; {chance}"


@sentence.register
def _(finding: kinds.SecondaryWorse) -> str:
    return metric_words(finding.test)


@sentence.register
def _(finding: kinds.ShownNoWorse) -> str:
    return f"no worse than {finding.margin:.1%}: the drop is at most {finding.upper:.1%} (one-sided)"


@sentence.register
def _(finding: kinds.NotShownNoWorse) -> str:
    may_be = f"the drop may be up to {finding.upper:.1%}"
    return f"{NOT_SHOWN} than {finding.margin:.1%}: {may_be}; more items or repeats would tell"


@sentence.register
def _(finding: kinds.NoDropPromised) -> str:
    return drop_words(finding.effect)


@sentence.register
def _(finding: kinds.ReasoningShown) -> str:
    count = f"{finding.answers} of {finding.of} answers"
    return f"candidate: {count} have reasoning shown to the user (a lone </think>); mend the model's chat template"


@sentence.register
def _(finding: kinds.RepeatsNotAsFrozen) -> str:
    return f"not as frozen: every item was asked {finding.asked} times, the set says {finding.frozen}"


@sentence.register
def _(finding: kinds.NotTheReviewedBaseline) -> str:
    return f"not as frozen: compared with {finding.target!r}, not with the reviewed baseline"


@sentence.register
def _(finding: kinds.NotTheNamedBaseline) -> str:
    return f"not as frozen: compared with {finding.target!r}, the manifest names {finding.named!r}"
