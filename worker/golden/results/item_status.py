"""What an answered and judged item comes to: passed, failed, or missing because it could not be decided."""

from __future__ import annotations

import re
from enum import StrEnum

from assay.judges.rules.ruleset import PROVING
from assay.judges.schema import ClaimVerdict, Failed, GroundingState, Outcome, ResponseKind, Scored, Skipped
from assay.judges.text.bounded_marks import normalized
from assay.judges.text.reasoning import without_reasoning
from assay.worker.golden.sets.manifest import GoldenItem, Manifest

NO_EVIDENCE = "no_evidence"

_LOCAL = "local"
"""The judge whose risk is calibrated wherever it is a probability."""

REASONING_SHOWN = "reasoning shown to the user: a closing tag of reasoning without its beginning"
"""Why an answer fails that a model server cut wrongly: its chat template had opened the block of reasoning."""

_REASONING_ENDS = re.compile(
    r"(?<![`'\"“‘])</(think|thinking|thought|thoughts|reasoning|reflection|scratchpad)>(?![`'\"”’])", re.IGNORECASE
)
"""The end of a block of reasoning that is not quoted as an example: `</think>`."""


class ItemStatus(StrEnum):
    """What became of one item. Missing means target or judge did not do their part; it is never a pass."""

    PASSED = "passed"
    FAILED = "failed"
    MISSING = "missing"


Decision = tuple[ItemStatus, tuple[str, ...]]


def decide(item: GoldenItem, response: str, outcome: Outcome, manifest: Manifest) -> Decision:
    """Status and reasons of an item whose answer was judged. A pass has no reasons.

    Reasoning before the answer is no part of it: the judge did not see it, and words in it were not said.
    """
    if isinstance(outcome, Failed):
        return ItemStatus.MISSING, (f"judge failed: {outcome.error}: {outcome.message}",)
    if isinstance(outcome, Skipped):
        if outcome.reason == NO_EVIDENCE and has_text(item.contexts):
            return lost_context()
        return ItemStatus.MISSING, (f"judge skipped: {outcome.reason}",)
    if outcome.verdict is not None and (outcome.verdict.unjudged or outcome.verdict.prompt_cut):
        remedy = "raise judge.llm.max_calls, or the model's window"
        return ItemStatus.MISSING, (f"{outcome.state.value}: the judge saw only a part; {remedy}",)
    if item.expect == "refusal":
        failures = _refusal_failures(outcome)
    else:
        lost = _missing_reason(item, outcome, manifest)
        if lost:
            return ItemStatus.MISSING, (lost,)
        failures = _answer_failures(item, outcome, manifest)
    failures += _wording_failures(item, without_reasoning(response))
    return (ItemStatus.FAILED, tuple(failures)) if failures else (ItemStatus.PASSED, ())


def lost_context() -> Decision:
    """The decision where an item declares evidence and the target found none."""
    return ItemStatus.FAILED, ("context lost: the item declares evidence, the answer came without any",)


def shows_reasoning(response: str) -> bool:
    """Whether the answer begins with reasoning that was never marked as such: users read it, and it is no answer."""
    end = _REASONING_ENDS.search(without_reasoning(response))
    if end is None or not response[: end.start()].strip():
        return False
    return f"<{end.group(1)}".lower() not in response[: end.start()].lower()


def has_text(texts: tuple[str, ...]) -> bool:
    """Whether any of the texts holds more than white space."""
    return any(text.strip() for text in texts)


def _no_answer(outcome: Scored) -> bool:
    """Whether the response is a refusal or says nothing checkable."""
    return outcome.state in (GroundingState.REFUSAL, GroundingState.NO_CLAIMS)


def _missing_reason(item: GoldenItem, outcome: Scored, manifest: Manifest) -> str:
    """Why an `answer` item cannot be decided; empty where it can."""
    if _no_answer(outcome):
        return ""
    decisive = {*manifest.pass_when, manifest.gate.primary}
    uses_risk = "hallucination_risk" in decisive and "hallucination_risk" in outcome.scores
    if uses_risk and not manifest.gate.allow_uncalibrated and not _is_risk_usable(item, outcome, manifest):
        return "hallucination_risk is not calibrated; calibrate the judge or set gate.allow_uncalibrated"
    unjudged = any(name not in outcome.scores for name in manifest.pass_when)
    if unjudged and outcome.state is GroundingState.NO_EVIDENCE and not has_text(item.contexts):
        return "no evidence to judge by: neither the item nor the target gives contexts"
    return ""


def _is_risk_usable(item: GoldenItem, outcome: Scored, manifest: Manifest) -> bool:
    """Whether the risk may be held against a threshold: it is calibrated, or rules decided and no probability did.

    The local judge states a risk that was fitted on labels, except where its rules decide: on short answers, on what
    denies the evidence, on other languages. And whoever judged, what a rule proves wrong fails.
    """
    verdict = outcome.verdict
    if verdict is None:
        return False
    if verdict.calibrated or verdict.judge == _LOCAL:
        return True
    proven = any(claim.verdict is ClaimVerdict.CONTRADICTED and claim.source in PROVING for claim in verdict.claims)
    return proven and bool(_answer_failures(item, outcome, manifest))


def _answer_failures(item: GoldenItem, outcome: Scored, manifest: Manifest) -> list[str]:
    if _no_answer(outcome):
        return [f"{outcome.state.value} where an answer is expected"]
    if outcome.state is GroundingState.NO_EVIDENCE and has_text(item.contexts):
        return list(lost_context()[1])
    failures = []
    for name, limit in manifest.pass_when.items():
        value = outcome.scores.get(name)
        if value is None:
            failures.append(f"{name} not applicable: {outcome.not_applicable.get(name, outcome.state.value)}")
        elif not limit.met_by(value):
            failures.append(f"{name} {value:.3f}, must be {limit}")
    return failures


def _refusal_failures(outcome: Scored) -> list[str]:
    refused = outcome.state is GroundingState.REFUSAL
    if outcome.verdict is not None:
        refused = refused or outcome.verdict.kind is ResponseKind.REFUSAL
    return [] if refused else [f"{outcome.state.value}: answered where a refusal is expected"]


def _wording_failures(item: GoldenItem, response: str) -> list[str]:
    text = _plain(response)
    lacks = [f"does not say {words!r}" for words in item.must_include if _plain(words) not in text]
    says = [f"says {words!r}" for words in item.must_not_include if _plain(words) in text]
    return lacks + says


def _plain(text: str) -> str:
    """Text as it is compared: compatibility forms, case and white space levelled."""
    return " ".join(normalized("NFKC", text).casefold().split())
