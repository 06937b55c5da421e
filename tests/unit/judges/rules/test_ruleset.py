"""Rules are found by their names: one line in the table makes a rule apply, in its place."""

from __future__ import annotations

import pytest

from assay.judges.rubric import Rules, ValueKind
from assay.judges.rules import RULES, RuleSet, ruleset
from assay.judges.rules.step import Compile, Progress, Step
from assay.judges.schema import Claim, ClaimVerdict, Evidence, RuleHit, Sample, Span, Tier, Verdict

SAMPLE = Sample(id="s", contexts=("The plan costs 20 EUR.",), response="The plan costs 30 EUR.")
WHOLE = Span(start=0, end=len(SAMPLE.response))
VERDICT = Verdict(
    judge="j",
    tier=Tier.LLM,
    claims=(
        Claim(
            text=SAMPLE.response,
            span=WHOLE,
            verdict=ClaimVerdict.SUPPORTED,
            evidence=(Evidence(context=0, start=0, end=22),),
            source="j",
        ),
    ),
)
PRICES = Rules(values=(ValueKind.MONEY,))


def compile_marker(rules: Rules, source: str) -> Step:
    """A rule of one function: it tells how many hits there were when its turn came."""
    del rules

    def step(sample: Sample, progress: Progress) -> Progress:
        before = len(progress.verdict.rule_hits)
        hit = RuleHit(rule=f"marker:{source}", span=Span(start=0, end=len(sample.response)), detail=f"after {before}")
        hits = (*progress.verdict.rule_hits, hit)
        return progress._replace(verdict=progress.verdict.model_copy(update={"rule_hits": hits}))

    return step


def compile_vouching(rules: Rules, source: str) -> Step:
    del rules, source
    price = Span(start=SAMPLE.response.index("30"), end=len(SAMPLE.response) - 1)
    return lambda _, progress: progress._replace(vouched=progress.vouched | {price})


def rules_with(monkeypatch: pytest.MonkeyPatch, **rules: Compile) -> None:
    monkeypatch.setattr(ruleset, "RULES", rules)


def test_a_rule_applies_by_one_line_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    rules_with(monkeypatch, **RULES, marker=compile_marker)
    ruled = RuleSet(PRICES, "r").apply(SAMPLE, VERDICT)
    assert [hit.rule for hit in ruled.rule_hits] == ["values:money", "marker:r"]
    assert ruled.rule_hits[-1].detail == "after 1"


def test_rules_apply_in_the_order_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    rules_with(monkeypatch, marker=compile_marker, **RULES)
    ruled = RuleSet(PRICES, "r").apply(SAMPLE, VERDICT)
    assert [hit.rule for hit in ruled.rule_hits] == ["marker:r", "values:money"]


def test_what_a_rule_vouches_for_is_not_asked_of_the_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    rules_with(monkeypatch, vouching=compile_vouching, **RULES)
    assert RuleSet(PRICES, "r").apply(SAMPLE, VERDICT).claims == VERDICT.claims


def test_a_rule_the_rubric_does_not_ask_for_is_no_step() -> None:
    steps = {name: build(Rules(), "r") for name, build in RULES.items()}
    names = [name for name, step in steps.items() if step is not None]
    assert names == ["exempt", "evidence", "polarity", "records", "roles", "citations"]


def test_two_rule_sets_know_nothing_of_each_other() -> None:
    first, second = RuleSet(PRICES, "a"), RuleSet(Rules(), "b")
    assert first.apply(SAMPLE, VERDICT) != VERDICT
    assert second.apply(SAMPLE, VERDICT) == VERDICT
    assert first.apply(SAMPLE, VERDICT) == first.apply(SAMPLE, VERDICT)
