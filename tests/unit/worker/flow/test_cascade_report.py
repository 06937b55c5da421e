"""A cascade's traces from judging to report: what the ledger and the scores keep, and the rate made of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assay.judges.cascade import Cascade, CascadeTier
from assay.judges.errors import ModelTimeout
from assay.judges.evaluate import Evaluator
from assay.judges.hash_sampling import hash64, is_below
from assay.judges.rubric import Rubric
from assay.judges.schema import Claim, ClaimVerdict, Evidence, Sample, Span, Tier, Usage, Verdict
from assay.worker.ports.store_errors import TraceTooLarge
from assay.worker.reporting.period.records import RevisionReport
from assay.worker.reporting.period.words import count_lines
from assay.worker.reporting.terminal.why import story_lines
from tests.builders import make_trace
from tests.fakes import PlannedJudge
from tests.unit.worker.flow.pipeline import Line
from tests.unit.worker.reporting.period.lines import report_of

N = 400
"""Traces: the screen is unsure of every fifth; the model flags these, and every tenth of those it passes."""


class Named(PlannedJudge):
    """A planned judge under a tier's name."""

    def __init__(self, name: str, plan: Any) -> None:
        super().__init__(plan)
        self.name = self.fingerprint = name


def number(sample: Sample) -> int:
    return int(sample.id.rpartition("-")[2])


def says(judge: str, tier: Tier, sample: Sample, risk: float) -> Verdict:
    end = len(sample.response)
    evidence = (Evidence(context=0, start=0, end=5),)
    claim = Claim(
        text=sample.response,
        span=Span(start=0, end=end),
        verdict=ClaimVerdict.SUPPORTED,
        evidence=evidence,
        source=judge,
    )
    calls = 0 if tier is Tier.SCREEN else 1
    return Verdict(
        judge=judge,
        tier=tier,
        claims=(claim,),
        risk=risk,
        calibrated=True,
        usage=Usage(calls=calls),
        cost_usd=0.01 * calls,
    )


def make_rubric(**judge: Any) -> Rubric:
    plan = {"tiers": ["local", "llm"], "llm": {"model": "m"}, "audit_share": 0.2, **judge}
    return Rubric.model_validate({"name": "grounding", "judge": plan})


def judged(rubric: Rubric, *, down: Any = None) -> tuple[Line, Named]:
    """A line of traces judged by a cascade and verified in the store."""
    traces = [make_trace(f"t-{n}", output={"answer": f"The bridge {n} was opened in 1932."}) for n in range(N)]
    line = Line(traces)

    def model(sample: Sample) -> Verdict | Exception:
        if down is not None and down(number(sample)):
            return ModelTimeout("down")
        bad = number(sample) % 5 == 0 or number(sample) % 10 == 1
        return says("llm", Tier.LLM, sample, 0.9 if bad else 0.1)

    screen = Named("local", lambda s: says("local", Tier.SCREEN, s, 0.3 if number(s) % 5 == 0 else 0.01))
    llm = Named("llm", model)
    line.evaluator = Evaluator(rubric, Cascade([CascadeTier(screen), CascadeTier(llm)], rubric))
    line.assess()
    line.record()
    line.verify()
    return line, llm


def report(line: Line, rubric: Rubric) -> RevisionReport:
    return report_of(line, rubric)


def told(row: RevisionReport) -> str:
    """What is said of a revision's judges."""
    return "\n".join(line.text for line in count_lines(row))


def drawn(n: int) -> bool:
    return is_below(hash64("assay.audit.v1:grounding", f"t-{n}"), 0.2)


def test_model_is_called_for_what_is_escalated_or_audited_and_for_nothing_else() -> None:
    line, llm = judged(make_rubric())
    expected = {f"t-{n}" for n in range(N) if n % 5 == 0 or drawn(n)}
    assert sorted(llm.seen) == sorted(expected), "once each"
    assert len(expected) in range(120, 170)
    assert all(
        entry.judgement is not None for entry in asyncio.run(line.state.ledger.entries("grounding", ["t-0"])).values()
    )


def test_rate_is_weighted_by_both_probabilities() -> None:
    rubric = make_rubric()
    line, _ = judged(rubric)
    row = report(line, rubric)
    ways, flagged = row.cascade, row.rates.flagged
    assert row.rates.cascade
    audited = [n for n in range(N) if n % 5 and drawn(n)]
    missed = sum(n % 10 == 1 for n in audited) / len(audited)
    assert flagged is not None
    assert flagged.value == pytest.approx(0.2 + 0.8 * missed)
    assert flagged.low < 0.3 < flagged.high, "the model would have flagged 30 % of everything"
    assert ways is not None
    assert (ways.escalated, ways.audited, ways.passed) == (80, len(audited), N - 80 - len(audited))
    assert row.judging.judges == {"llm": 80 + len(audited), "local": N - 80 - len(audited)}
    shown = told(row)
    assert "weighted by 1/π and 1/π₂" in shown
    assert f"local {N - 80 - len(audited)}, llm {80 + len(audited)}" in shown


def test_without_an_audit_no_rate_is_claimed() -> None:
    rubric = make_rubric(audit_share=0.0)
    line, _ = judged(rubric)
    row = report(line, rubric)
    assert row.rates.flagged is None
    assert "see judge.audit_share" in told(row)


def test_scores_in_the_store_say_who_decided_why_and_how_likely() -> None:
    line, _ = judged(make_rubric())
    by_trace = {score.trace_id: score for score in line.store.scores.values() if score.name == "hallucination_risk"}
    escalated = by_trace["t-5"].metadata
    assert escalated["tier"] == "llm"
    assert (escalated["judge"], escalated["pi2"], escalated["phase2"]) == ("llm", 1.0, True)
    assert escalated["screen_hallucination_risk"] == 0.3
    assert escalated["path"] == "local escalated (risk 0.3 within 0.05–0.9) > llm decided (overrules local)"
    passed = by_trace[next(f"t-{n}" for n in range(N) if n % 5 and not drawn(n))].metadata
    assert (passed["tier"], passed["judge"], passed["pi2"], passed["phase2"]) == ("screen", "local", 0.2, False)
    audited = by_trace[next(f"t-{n}" for n in range(N) if n % 5 and drawn(n))]
    assert (audited.metadata["escalation"], audited.metadata["pi2"]) == ("audited", 0.2)
    assert audited.value in {0.1, 0.9}


def test_provider_down_scores_nothing_by_the_screen_unless_the_rubric_says_so() -> None:
    rubric = make_rubric()
    line, _ = judged(rubric, down=lambda n: True)
    entries = asyncio.run(line.state.ledger.entries("grounding", [f"t-{n}" for n in range(N)]))
    waiting = [key for key, entry in entries.items() if entry.state == "open"]
    assert sorted(waiting) == sorted(f"t-{n}" for n in range(N) if n % 5 == 0 or drawn(n))
    assert {score.trace_id for score in line.store.scores.values()}.isdisjoint(waiting)


def test_outage_under_screen_is_marked_and_made_up_for() -> None:
    rubric = make_rubric(on_failure="screen")
    line, _ = judged(rubric, down=lambda n: n % 20 == 0)
    row = report(line, rubric)
    assert row.rates.n == N
    assert row.cascade is not None
    assert row.cascade.unanswered == 20
    whole = report(judged(rubric)[0], rubric)
    assert row.rates.flagged is not None
    assert whole.rates.flagged is not None
    assert row.rates.flagged.value == pytest.approx(whole.rates.flagged.value)
    marked = [s for s in line.store.scores.values() if s.metadata["degraded"]]
    assert {s.metadata["tier"] for s in marked} == {"screen"}
    assert len({s.trace_id for s in marked}) == 20
    assert "20 not answered by the tier they needed" in told(row)


def test_why_says_of_a_trace_that_cannot_be_read_why_and_not_that_it_is_missing() -> None:
    line, _ = judged(make_rubric())
    line.store.unreadable["t-5"] = TraceTooLarge("Langfuse: 413")
    story = line.story("t-5")
    shown = "\n".join(story_lines(story))
    assert "did not give it: Langfuse: 413" in shown
    assert "does not have it" not in shown
    assert "> llm, risk 0.90" in shown


def test_why_tells_the_way_through_the_tiers() -> None:
    line, _ = judged(make_rubric())
    story = line.story("t-5")
    shown = "\n".join(story_lines(story))
    assert "> local, risk 0.30: escalated, risk 0.3 within 0.05–0.9" in shown
    assert "> llm, risk 0.90: decided, overrules local" in shown
