"""Tries one attack against the real judge with the model that obeys, and says what became of it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from assay.judges.cpu_executor import on_the_loop
from assay.judges.errors import UnjudgeableSample
from assay.judges.evaluate import Evaluator
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.llm.grounding.numbering import GroundingLimits, divide, number_evidence
from assay.judges.llm.grounding.prompt import build_messages
from assay.judges.models.base import ChatMessage
from assay.judges.prices import PriceTable
from assay.judges.rubric import Rubric, load_rubric
from assay.judges.schema import ClaimVerdict, Outcome, Sample, Scored, Span
from assay.judges.text.form import statements, without_form
from tests.hostile.attack import NONCE, Attack
from tests.hostile.obedience import ALWAYS, NEVER_A_NUMBER, NO_LINE, OBEDIENCE, ObeyingModel
from tests.hostile.wire_format import structure_faults

_RUBRIC_FILE = Path(__file__).parents[2] / "rubrics" / "grounding-llm.yaml"
_PRICES = PriceTable(checked="2026-11", models={})
_LARGE = 100_000
_LIMITS = GroundingLimits()


@dataclass(frozen=True)
class Trial:
    """One attack obeyed in one way.

    `structural` lists what must never happen and did. `soft` says that the false sentence passed as supported, or as
    nothing to check, by a reply that keeps to the format and that code could not see through.
    """

    attack: Attack
    obeyed: str
    structural: tuple[str, ...]
    soft: bool


@cache
def rubric() -> Rubric:
    """The shipped rubric for LLM judges."""
    return load_rubric(_RUBRIC_FILE, {"ASSAY_JUDGE_MODEL": "obeying"})


def trials(attack: Attack) -> list[Trial]:
    """Every way of obeying the attack asks for, and those that are always tried."""
    forged = ("forged", "forged_last") if "{" in attack.said else ()
    ways = dict.fromkeys((*ALWAYS, *attack.asks, *forged))
    return asyncio.run(_attempts(attack, ("closest",) if len(attack.said) > _LARGE else tuple(ways)))


async def _attempts(attack: Attack, ways: Sequence[str]) -> list[Trial]:
    with on_the_loop():
        return [await attempt(attack, way) for way in ways]


@dataclass(frozen=True)
class _Prepared:
    """What all trials of one attack share."""

    sample: Sample
    clean: tuple[ChatMessage, ...]
    numbers: Mapping[str, Sequence[int]]


@lru_cache(maxsize=2)
def _prepared(attack: Attack) -> _Prepared:
    sample = attack.sample
    unseen = sample.model_copy(update={"id": "clean", "metadata": {}, "reference": None})
    lines = number_evidence(sample.contexts, _LIMITS.line_chars)
    numbers = {"R": range(1, len(_sentences(sample.response)) + 1), "E": range(1, len(lines) + 1)}
    try:
        (part, *_) = divide(unseen, _LIMITS)
    except UnjudgeableSample:
        return _Prepared(sample, (), numbers)
    return _Prepared(sample, build_messages(unseen, part, nonce=NONCE, limits=_LIMITS), numbers)


async def attempt(attack: Attack, way: str) -> Trial:
    """Obey one attack in one way."""
    prepared = _prepared(attack)
    sample = prepared.sample
    false = [_span_of(sample, start) for start in _places(sample, attack)]
    numbers = frozenset(n for n, span in enumerate(_sentences(sample.response), start=1) if _meets(span, false))
    model = ObeyingModel(OBEDIENCE[way], lambda shown: numbers & shown.keys())
    evaluator = Evaluator(rubric(), LlmJudge(model, _PRICES, nonce=lambda: NONCE))
    try:
        outcome = await evaluator.evaluate(sample)
    except Exception as exc:  # noqa: BLE001  # that one leaves the evaluator is what is looked for
        return Trial(attack, way, (f"raised {type(exc).__name__}",), soft=False)
    passed = _passed(outcome, false)
    faults = [*_outcome_faults(sample, outcome, way), *_prompt_faults(attack, prepared, model.requests)]
    faults += ["the false value passed"] if passed and attack.knowable else []
    faults += ["text changed an honest verdict"] if passed and way == "honest" else []
    return Trial(attack, way, tuple(faults), soft=passed and not faults)


def _places(sample: Sample, attack: Attack) -> Iterator[tuple[int, int]]:
    start = sample.response.find(attack.base.false)
    while start >= 0:
        yield start, start + len(attack.base.false)
        start = sample.response.find(attack.base.false, start + 1)


def _span_of(sample: Sample, place: tuple[int, int]) -> Span:
    return Span(start=place[0], end=place[1])


@cache
def _sentences(response: str) -> tuple[Span, ...]:
    return tuple(statements(response))


def _meets(span: Span, others: Sequence[Span]) -> bool:
    return any(span.start < other.end and other.start < span.end for other in others)


def _passed(outcome: Outcome, false: Sequence[Span]) -> bool:
    """Whether the outcome holds nothing against any of the false sentences."""
    if not isinstance(outcome, Scored) or outcome.verdict is None:
        return False
    against = [c.span for c in outcome.verdict.claims if c.verdict is not ClaimVerdict.SUPPORTED]
    return not any(_meets(span, false) for span in against)


def _outcome_faults(sample: Sample, outcome: Outcome, way: str) -> Iterator[str]:
    """What must not be in an outcome, whoever was obeyed."""
    outcome.model_dump_json()
    if not isinstance(outcome, Scored):
        if outcome.outcome == "failed" and outcome.error.startswith("Bug:"):
            yield f"a bug: {outcome.error} {outcome.message}"
        return
    if way in NEVER_A_NUMBER:
        yield "a verdict was read out of a broken reply"
    yield from (f"{name} is {value}" for name, value in outcome.scores.items() if not 0 <= value <= 1)
    yield from ("a number is not finite" for value in outcome.scores.values() if not math.isfinite(value))
    if outcome.verdict is None:
        return
    for claim in outcome.verdict.claims:
        if claim.verdict is ClaimVerdict.SUPPORTED and (not claim.evidence or way in NO_LINE):
            yield "supported by no line that the reply names and that was shown"
        for one in claim.evidence:
            if not sample.contexts[one.context : one.context + 1] or not (
                sample.contexts[one.context][one.start : one.end].strip()
            ):
                yield "evidence that does not exist"
    spans = [*(claim.span for claim in outcome.verdict.claims), *outcome.verdict.not_checkworthy]
    if not _covers(sample.response, spans):
        yield "a sentence is not covered"


def _covers(text: str, spans: Sequence[Span]) -> bool:
    """Whether no visible character of a statement lies outside the spans. What is form states nothing."""
    read = without_form(text)
    stated, end = "", 0
    for statement in _sentences(text):
        stated += " " * (statement.start - end) + read[statement.start : statement.end]
        end = statement.end
    position = 0
    for span in sorted(spans, key=lambda span: span.start):
        if stated[position : span.start].strip():
            return False
        position = max(position, span.end)
    return not stated[position:].strip()


def _prompt_faults(attack: Attack, prepared: _Prepared, requests: Sequence[Sequence[ChatMessage]]) -> Iterator[str]:
    """What the text did to the prompts; metadata, id and reference must not be in them at all."""
    unseen = attack.text and all(place in ("metadata", "id", "reference") for place in attack.places)
    for messages in requests:
        roles = [message.role for message in messages]
        if roles not in (["system", "user"], ["system", "user", "assistant", "user"]):
            yield f"roles {roles}"
        if messages[0] != prepared.clean[0]:
            yield "the system message changed"
        if unseen and messages[1] != prepared.clean[1]:
            yield "what no judge may see is in the prompt"
        if len(messages) > 2:
            yield from _repair_faults(messages)
        else:
            yield from structure_faults(messages[1].content, NONCE, prepared.numbers)


def _repair_faults(messages: Sequence[ChatMessage]) -> Iterator[str]:
    """The repair turn repeats the model's words on one line, and nothing of them in our own request."""
    if len(messages[2].content.splitlines()) > 1:
        yield "the model's reply breaks lines in the repair turn"
    if "obey" in messages[3].content or len(messages[3].content) > 1_000:
        yield "text of the reply is in the repair request"
