"""Judged traces for tests of the list: a line whose judge finds in each answer what its id asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from assay.judges.redaction.policy import Redaction
from assay.judges.schema import Claim, ClaimVerdict, Evidence, RuleHit, Sample, Severity, Span, Tier, Verdict
from assay.worker.records.traces import Trace
from assay.worker.reporting.flagged.answers import FlaggedAnswer, FlaggedReader, Page
from assay.worker.reporting.flagged.query import Cut, FlaggedQuery
from assay.worker.reporting.flagged.ranking import Ranker, Ranking, WrittenVerdicts
from assay.worker.reporting.rubric_versions import RubricVersions
from tests.builders import NOW, make_trace
from tests.unit.worker.flow.pipeline import RUBRIC, Line

NOTHING = Redaction()

RISK = Cut(rubric="grounding", score="hallucination_risk", side="above", at=0.5)


def trace(trace_id: str, answer: str = "It opened in 1932. Dogs travel free.", **over: Any) -> Trace:
    """A trace of its own content, so that no two share a verdict."""
    over.setdefault("contexts", ("Opened in 1932.", "Dogs pay 2 euros."))
    return make_trace(trace_id, input={"question": f"When, {trace_id}?"}, output={"answer": answer}, **over)


def says(sample: Sample) -> Verdict:
    """The risk is the number in the id: `t-85` is .85. `rule-…` breaks a rule, and `bare-…` has no evidence."""
    kind, _, number = sample.id.rpartition("-")
    bad = Claim(
        text=sample.response[-17:],
        span=Span(start=max(0, len(sample.response) - 17), end=len(sample.response)),
        verdict=ClaimVerdict.NOT_FOUND,
        evidence=() if kind == "bare" else (Evidence(context=1, start=0, end=17),),
        source="test",
        reason="nothing says so",
    )
    good = Claim(text="It opened in 1932.", span=Span(start=0, end=18), verdict=ClaimVerdict.SUPPORTED, source="test")
    hit = RuleHit(rule="pattern:no-promise", span=Span(start=3, end=9), detail="promises", severity=Severity.CRITICAL)
    return Verdict(
        judge="test",
        tier=Tier.LLM,
        claims=(good, bad),
        risk=int(number) / 100,
        rule_hits=(hit,) if kind == "rule" else (),
        model_served="m-1",
        cost_usd=0.01,
    )


def judged(traces: Sequence[Trace], plan: Any = says, *, written: bool = True) -> Line:
    line = Line(list(traces), plan)
    line.assess()
    if written:
        line.record()
        line.verify()
    return line


def query(cuts: Sequence[Cut] = (RISK,), **over: Any) -> FlaggedQuery:
    fields = {"start": NOW - timedelta(days=1), "end": NOW, "cuts": tuple(cuts), **over}
    return FlaggedQuery.model_validate(fields)


def ranked(line: Line, asked: FlaggedQuery | None = None) -> Ranking:
    where = WrittenVerdicts(line.state.ledger_reader, line.store, line.store)
    return asyncio.run(Ranker(asked or query(), where).rank())


def told(
    line: Line, asked: FlaggedQuery | None = None, *, store: Any = None, redaction: Redaction = NOTHING
) -> tuple[list[FlaggedAnswer], str]:
    """The answers of a list, and what the store refused."""

    async def read() -> list[Page]:
        rubrics = RubricVersions([RUBRIC], line.state.documents)
        reader = FlaggedReader(store or line.store, line.state.verdicts, rubrics, lambda _: redaction)
        where = WrittenVerdicts(line.state.ledger_reader, line.store, line.store)
        ranking = await Ranker(asked or query(), where).rank()
        return [page async for page in reader.pages(ranking.worst)]

    pages = asyncio.run(read())
    return [answer for page in pages for answer in page.answers], pages[-1].problem if pages else ""
