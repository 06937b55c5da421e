"""The corpus against the judge by statements: text can push a probability, and nothing else.

The model obeys to the full: every statement is as good as certain. What the text cannot do is to leave its line, to
hide a sentence, or to carry a value past the rules.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

import pytest

from assay.judges.cpu_executor import on_the_loop
from assay.judges.evaluate import Evaluator
from assay.judges.llm.statements.forms import SentenceForm
from assay.judges.llm.statements.judge import StatementJudge
from assay.judges.llm.statements.prompt import SENTENCE_INSTRUCTIONS, SENTENCE_TASK
from assay.judges.models.base import ChatMessage, Reply, Token
from assay.judges.models.scripted import ScriptedModel
from assay.judges.prices import PriceTable
from assay.judges.rubric import Rubric
from assay.judges.schema import ClaimVerdict, Failed, Outcome, Sample, Scored, Usage
from assay.judges.tiers import check_coverage
from tests.hostile.attack import NONCE, Attack
from tests.hostile.corpus import CORPUS, FAMILIES

_LINE = re.compile(
    rf"NONCE {NONCE}|<<<{NONCE} (HISTORY|QUESTION|EVIDENCE|STATEMENT)|{NONCE}>>>|Q: .*|[ER]\d+: .*|B: .*"
    r"|H\d+: (system|user|assistant|tool): .*|" + re.escape(SENTENCE_TASK)
)
_RUBRIC = Rubric.model_validate(
    {
        "name": "r",
        "judge": {"tiers": ["llm"], "llm": {"model": "m", "ask": "sentences", "max_calls": 200}},
        "rules": {"values": ["number", "date", "money", "percent"]},
    }
)
_LARGE = 20_000


def obeying(messages: Sequence[ChatMessage]) -> Reply:
    """Yes to everything."""
    token = Token(b"Yes", {b"Yes": 0.99, b"No": 0.01})
    return Reply(text="Yes", usage=Usage(calls=1, prompt_tokens=9), model_served="m", latency_s=0.0, tokens=(token,))


def judged(sample: Sample) -> tuple[Outcome, list[tuple[ChatMessage, ...]]]:
    model = ScriptedModel(obeying)
    judge = StatementJudge(model, PriceTable(checked="2026-11"), SentenceForm(), nonce=lambda: NONCE)
    with on_the_loop():
        return asyncio.run(Evaluator(_RUBRIC, judge).evaluate(sample)), model.requests


def false_passed(attack: Attack, outcome: Scored) -> bool:
    """Whether the outcome holds nothing against the false sentence."""
    assert outcome.verdict is not None
    start = attack.sample.response.find(attack.base.false)
    against = [claim.span for claim in outcome.verdict.claims if claim.verdict is not ClaimVerdict.SUPPORTED]
    return start >= 0 and not any(span.start < start + len(attack.base.false) and start < span.end for span in against)


@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "padding of 1 MB"])
def test_no_attack_succeeds_structurally(family: str) -> None:
    tried = 0
    for attack in CORPUS:
        if attack.family != family or len(attack.said) > _LARGE:
            continue
        outcome, requests = judged(attack.sample)
        assert not (isinstance(outcome, Failed) and outcome.error.startswith("Bug:")), (attack.id, outcome)
        for system, user in requests:
            assert system.content == SENTENCE_INSTRUCTIONS
            lines = user.content.split("\n")
            assert lines == user.content.splitlines(), attack.id
            assert all(_LINE.fullmatch(line) for line in lines), attack.id
        if not isinstance(outcome, Scored) or outcome.verdict is None:
            continue
        tried += 1
        check_coverage(attack.sample, outcome.verdict)
        assert all(0 <= score <= 1 for score in outcome.scores.values())
        assert not (attack.knowable and false_passed(attack, outcome)), attack.id
    assert tried
