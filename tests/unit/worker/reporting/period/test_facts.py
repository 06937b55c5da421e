"""Facts are kept while the record is read once, and the worst answers are the worst of all blocks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.ports.history import Block
from assay.worker.records.columns import PlainColumn
from assay.worker.records.history import HistoryQuery, HistoryRow
from assay.worker.reporting.period.facts import WORST, ReadAlong, Revision, TrafficFacts
from tests.unit.worker.reporting.period.history_rows import REVISION, WEEK, a_row, record_of

BOT = Revision("bot", "grounding", REVISION)


class CountingReader:
    """A record in small blocks that knows how often it was read, and what was asked for."""

    def __init__(self, rows: Sequence[HistoryRow], size: int) -> None:
        self.rows, self.size = rows, size
        self.asked: list[tuple[str, ...]] = []

    async def blocks(self, query: HistoryQuery, names: Sequence[str]) -> AsyncIterator[Block]:
        self.asked.append(tuple(names))
        async for whole in (await record_of(*self.rows)).blocks(query, names):
            for at in range(0, len(self.rows), self.size):
                yield {name: PlainColumn(whole[name][at : at + self.size]) for name in names}


async def facts_of(*rows: HistoryRow, size: int = 3) -> tuple[TrafficFacts, list[Block], CountingReader]:
    facts, reader = TrafficFacts(), CountingReader(rows, size)
    along: Any = ReadAlong(reader, facts)  # type: ignore[arg-type]  # only its blocks are asked for
    return facts, [block async for block in along.blocks(WEEK, ("session_id", "risk"))], reader


def test_one_reading_serves_both() -> None:
    facts, blocks, reader = asyncio.run(facts_of(*(a_row(number) for number in range(7))))
    assert len(reader.asked) == 1
    assert len(set(reader.asked[0])) == len(reader.asked[0])
    assert sum(len(block["session_id"]) for block in blocks) == 7
    assert facts.revisions[BOT].weighted()["pi"].size == 7


RISKS = st.one_of(st.none(), st.sampled_from([0.0, 0.3, 0.9]), st.floats(0, 1))


@given(st.lists(RISKS, max_size=40), st.integers(1, 9))
def test_the_worst_are_the_worst_of_all_blocks(risks: list[float | None], size: int) -> None:
    rows = [a_row(number, risk=risk) for number, risk in enumerate(risks)]
    facts, _, _ = asyncio.run(facts_of(*rows, size=size))
    known = sorted(((row.risk, row.started_at, row.trace_id) for row in rows if row.risk is not None), reverse=True)
    kept = sorted(facts.revisions[BOT].worst, reverse=True) if rows else []
    assert [(answer.risk, answer.trace_id) for answer in kept] == [(risk, trace) for risk, _, trace in known[:WORST]]


def test_what_is_unknown_is_no_number() -> None:
    facts, _, _ = asyncio.run(facts_of(a_row(1, cost_usd=None, first_token_s=None), a_row(2)))
    columns = facts.revisions[BOT].weighted()
    assert np.isnan(columns["cost_usd"]).sum() == np.isnan(columns["first_token_s"]).sum() == 1


def test_what_feedback_added_is_in_no_mean_and_in_the_cost_of_judging() -> None:
    rows = [a_row(1), a_row(2, sample="boost", stratum="errors"), a_row(3, sample="boost", stratum="feedback")]
    facts, _, _ = asyncio.run(facts_of(*rows))
    kept = facts.revisions[BOT]
    assert (kept.weighted()["pi"].size, kept.of_all("pi").size, sum(kept.judges.values())) == (2, 3, 3)


def test_prompts_and_revisions_are_kept_apart() -> None:
    rows = [a_row(1), a_row(2, prompt_version="12"), a_row(3, revision="f" * 64), a_row(4, state="dead", revision=None)]
    facts, _, _ = asyncio.run(facts_of(*rows))
    assert set(facts.revisions) == {BOT, Revision("bot", "grounding", "f" * 64)}
    prompts = facts.prompts.named()
    assert [prompts[number] for number in facts.revisions[BOT].prompts()] == [("answer", "11"), ("answer", "12")]
