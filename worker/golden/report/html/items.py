"""What the page shows of one item: both sides, the claims in their places, the evidence they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.judges.schema import Claim, ClaimVerdict, Failed, Scored, Skipped, Verdict
from assay.worker.golden.report.html.highlights import Mark, cut
from assay.worker.golden.report.html.template_records import ClaimView, PassageView, RepeatView, SideView
from assay.worker.golden.report.wording.numbers import metric_name, number
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import ItemResult

MOST_REPEATS = 20
MOST_PASSAGES = 40


@dataclass(frozen=True)
class Limits:
    """How much of an item is shown: characters of its answers and passages, claims a side, characters of a line."""

    text: int
    claims: int
    line: int

    @classmethod
    def within(cls, text: int, allowance: int) -> Limits:
        """Limits for items that may take so many characters on average, the longest of them `text`."""
        return cls(text, claims=max(4, min(80, allowance // 60)), line=max(40, min(300, allowance // 20)))


Labelled = list[tuple[str, Claim]]
"""Claims with their labels on the page."""


@dataclass(frozen=True)
class Side:
    """What a side of the page is made of; its first letter labels its claims."""

    role: str
    name: str
    telling: ItemResult
    results: tuple[ItemResult, ...]
    contexts: tuple[str, ...]

    @property
    def letter(self) -> str:
        """B for the baseline, C for the candidate, A for the answers of a plain run."""
        return self.role[0].upper()


def side_views(
    sides: Sequence[Side], limits: Limits
) -> tuple[tuple[SideView, ...], tuple[PassageView, ...], tuple[str, ...]]:
    """All sides of an item, the evidence they share, and what was left out."""
    shared = all(side.contexts == sides[0].contexts for side in sides)
    evidence = [sides[:1]] if shared else [[side] for side in sides]
    texts = [side.telling.response or "" for side in sides]
    texts += [text for group in evidence for text in group[0].contexts[:MOST_PASSAGES]]
    lengths = share_out([len(text) for text in texts], limits.text)
    answers, rest = lengths[: len(sides)], lengths[len(sides) :]
    labelled = [labelled_claims(side, limits.claims) for side in sides]
    views = []
    for position, side in enumerate(sides):
        mine = rest if shared else rest[: len(side.contexts[:MOST_PASSAGES])]
        if not shared:
            rest = rest[len(mine) :]
        own = None if shared else _passages(side.contexts, labelled[position], mine)
        views.append(_side(side, labelled[position], answers[position], own, limits))
    both = [claim for claims in labelled for claim in claims]
    passages = _passages(sides[0].contexts, both, rest) if shared else ()
    dropped = [
        f"{len(group[0].contexts) - MOST_PASSAGES} more passages are not shown"
        for group in evidence
        if len(group[0].contexts) > MOST_PASSAGES
    ]
    return tuple(views), passages, tuple(dropped)


def share_out(lengths: Sequence[int], budget: int) -> list[int]:
    """How much of each text to show: short ones whole, the rest of the budget evenly among the long ones."""
    limits = list(lengths)
    order = sorted(range(len(lengths)), key=lambda index: lengths[index])
    left = budget
    for done, index in enumerate(order):
        limits[index] = min(lengths[index], max(200, left // (len(order) - done)))
        left = max(0, left - limits[index])
    return limits


def clip(text: str, limit: int) -> str:
    """Text cut at a length, with a sign that it was."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def risk_of(results: Sequence[ItemResult]) -> float | None:
    """Mean hallucination risk over the judged answers."""
    risks = [item.scores["hallucination_risk"] for item in results if "hallucination_risk" in item.scores]
    return sum(risks) / len(risks) if risks else None


def status_words(results: Sequence[ItemResult]) -> str:
    """How an item ended on one side: its status, or how many of its repeats passed."""
    if len(results) == 1:
        return results[0].status.value
    passed = sum(item.status is ItemStatus.PASSED for item in results)
    missing = sum(item.status is ItemStatus.MISSING for item in results)
    return f"{passed} of {len(results)} passed" + (f", {missing} missing" if missing else "")


def _side(
    side: Side, claims: Labelled, answer: int, passages: tuple[PassageView, ...] | None, limits: Limits
) -> SideView:
    verdict, line = _verdict(side.telling), limits.line
    marks = [Mark(claim.span.start, claim.span.end, label, claim.verdict) for label, claim in claims]
    hits = verdict.rule_hits[: limits.claims] if verdict is not None else ()
    return SideView(
        role=side.role,
        letter=side.letter,
        name=clip(side.name, 200),
        status=side.telling.status.value,
        reasons=tuple(clip(reason, line) for reason in side.telling.reasons[: limits.claims]),
        answer=cut(side.telling.response or "", marks, limit=answer),
        claims=tuple(_claim(label, claim, line) for label, claim in claims),
        claims_left_out=len(verdict.claims) - len(claims) if verdict is not None else 0,
        hits=tuple((hit.rule, clip(hit.detail, line)) for hit in hits),
        scores=tuple((metric_name(name), f"{value:.3f}") for name, value in side.telling.scores.items()),
        facts=tuple(_facts(side.telling)),
        comment=clip(_comment(side.telling), line),
        repeats=tuple(_repeat(item, line) for item in side.results[:MOST_REPEATS]) if len(side.results) > 1 else (),
        passages=passages,
    )


def _verdict(item: ItemResult) -> Verdict | None:
    return item.outcome.verdict if isinstance(item.outcome, Scored) else None


def labelled_claims(side: Side, most: int) -> Labelled:
    """The claims with their labels, in the answer's order; of too many, the unsupported ones stay."""
    verdict = _verdict(side.telling)
    labelled = [(f"{side.letter}{n}", claim) for n, claim in enumerate(verdict.claims, 1)] if verdict else []
    if len(labelled) <= most:
        return labelled
    kept = sorted(labelled, key=lambda row: row[1].verdict is ClaimVerdict.SUPPORTED)[:most]
    return sorted(kept, key=lambda row: int(row[0][1:]))


def _claim(label: str, claim: Claim, line: int) -> ClaimView:
    # The sentence stands marked in the answer; a supported one needs only its beginning to be recognised.
    supported = claim.verdict is ClaimVerdict.SUPPORTED
    return ClaimView(
        label=label,
        text=clip(claim.text, min(line, 90) if supported else line),
        verdict=claim.verdict.value,
        reason=clip(claim.reason, line),
        source=clip(claim.source, 60),
        severity=claim.severity.value,
        probability="" if claim.p_supported is None else f"{claim.p_supported:.2f}",
        passages=tuple(sorted({pointer.context + 1 for pointer in claim.evidence if pointer.context < MOST_PASSAGES})),
    )


def _passages(contexts: Sequence[str], claims: Labelled, lengths: Sequence[int]) -> tuple[PassageView, ...]:
    """The evidence with the places marked that the claims rest on."""
    pointed = [
        (pointer.context, Mark(pointer.start, pointer.end, label, claim.verdict))
        for label, claim in claims
        for pointer in claim.evidence[:MOST_PASSAGES]
    ]
    views = []
    for index, (text, length) in enumerate(zip(contexts[:MOST_PASSAGES], lengths, strict=True)):
        marks = [mark for context, mark in pointed if context == index]
        labels = tuple(dict.fromkeys(mark.label for mark in marks))
        views.append(PassageView(index + 1, cut(text, marks, limit=length), labels))
    return tuple(views)


def _repeat(item: ItemResult, line: int) -> RepeatView:
    risk = item.scores.get("hallucination_risk")
    return RepeatView(
        number=item.repeat + 1,
        status=item.status.value,
        risk="" if risk is None else f"{risk:.2f}",
        why=clip("; ".join(item.reasons), line),
        text=clip(item.response or "", line),
    )


def _comment(item: ItemResult) -> str:
    outcome = item.outcome
    if isinstance(outcome, Scored):
        return outcome.comment
    if isinstance(outcome, Skipped):
        return f"skipped: {outcome.reason} {outcome.detail}".strip()
    return f"{outcome.error}: {outcome.message}" if isinstance(outcome, Failed) else "not judged"


def _facts(item: ItemResult) -> list[tuple[str, str]]:
    """What the answer and its judging took, where it is known."""
    facts = [("state", item.state.replace("_", " "))] if item.state else []
    if item.judgements:
        facts.append(("judged", f"{len(item.judgements)} times: {', '.join(s.value for s in item.judgements)}"))
    if item.target_latency_s is not None:
        facts.append(("answered in", f"{item.target_latency_s:.2f} s"))
    if item.target_tokens is not None:
        facts.append(
            (
                "answer tokens",
                number(float(item.target_tokens)) if item.target_tokens >= 10 else str(item.target_tokens),
            )
        )
    verdict = _verdict(item)
    return facts + (_judging_facts(verdict) if verdict is not None else [])


def _judging_facts(verdict: Verdict) -> list[tuple[str, str]]:
    model = verdict.model_served or verdict.model_requested
    usage = verdict.usage
    facts = [
        ("judge", f"{verdict.judge} ({model})" if model else verdict.judge),
        ("tier", verdict.tier.value),
        ("judged in", f"{verdict.latency_s:.2f} s"),
        ("judging cost", "unknown (no price)" if verdict.cost_usd is None else f"{verdict.cost_usd:.6f} USD"),
    ]
    if usage.calls:
        tokens = f"{usage.prompt_tokens:,} in ({usage.cached_tokens:,} cached), {usage.completion_tokens:,} out"
        facts.append(("judging tokens", f"{tokens}, {usage.calls} calls"))
    if verdict.rejected_evidence:
        facts.append(("rejected evidence", str(verdict.rejected_evidence)))
    if verdict.partial_context:
        facts.append(("evidence", "the endpoint cut the prompt" if verdict.prompt_cut else "only part of it fitted"))
    if verdict.unjudged:
        facts.append(("response", "only part of it was judged"))
    if verdict.calibrated is False and verdict.risk is not None:
        facts.append(("risk", "not calibrated"))
    return facts
