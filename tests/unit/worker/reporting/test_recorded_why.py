"""`assay why` of traces that the ledger has forgotten: told by the record, which is named."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import cast

import pytest

from assay.worker.flow.history_rows import Origin, row_of
from assay.worker.ports.history import HistoryReader, HistoryUnavailable
from assay.worker.records.history import HistoryRow
from assay.worker.records.ledger import LedgerState
from assay.worker.records.windows import WindowRecord
from assay.worker.reporting.terminal.why import story_lines
from assay.worker.reporting.why import TraceStory, with_record
from assay.worker.state.memory.history import memory_history
from tests.builders import NOW, make_trace
from tests.unit.worker.flow.pipeline import Line
from tests.unit.worker.flow.test_history_rows import JUDGEMENT, entry

ROW = row_of(entry(LedgerState.SCORED, judgement=JUDGEMENT), Origin("sqlite", "p"))


def told(story: TraceStory, rows: Sequence[HistoryRow]) -> TraceStory:
    async def read() -> TraceStory:
        history = memory_history()
        await history.writer.write(rows)
        return await with_record(story, history.reader)

    return asyncio.run(read())


def text_of(story: TraceStory) -> str:
    return "\n".join(story_lines(story))


def test_forgotten_trace_is_told_by_the_record_with_facts_judge_and_worst_claim() -> None:
    story = told(Line([]).story("t1"), [ROW])
    assert story.is_known
    text = text_of(story)
    assert "rubric grounding h: [bold]scored[/] (judged), told by the record" in text
    assert "the store does not have it (any more)" in text
    for words in (
        "answered with model m-1, prompt 41, release 7",
        "it took 120 tokens in, 30 out, 0.001000 USD by the price table, 1.50 s, 3 passages",
        "hallucination_risk = 0.300",
        "judged by cascade (llm), model judge-1, revision r1",
        "worst: contradicted, characters 3–40 of the answer",
        "judging took 2 model calls and 0.004000 USD",
    ):
        assert words in text


def test_trace_that_nobody_ever_had_stays_unknown() -> None:
    assert not told(Line([]).story("t1"), []).is_known


def test_what_the_ledger_tells_is_not_told_twice() -> None:
    line = Line([make_trace("t0")])
    line.assess()
    own = entry(LedgerState.SCORED, judgement=JUDGEMENT, promise=line.entry().promise)
    earlier = own.promise.model_copy(update={"rubric_hash": "earlier"})
    rows = [row_of(each, Origin("sqlite", "p")) for each in (own, own.model_copy(update={"promise": earlier}))]
    story = told(line.story("t0"), rows)
    assert [row.rubric_hash for row in story.rows] == ["earlier"]
    assert text_of(story).count("told by the record") == 1


@pytest.mark.parametrize("is_swept", [False, True])
def test_what_the_record_tells_is_not_contradicted_by_a_ledger_that_has_forgotten_it(is_swept: bool) -> None:
    line = Line([make_trace("t1")])
    story = line.story("t1").model_copy(update={"rubrics": (), "pi": None, "uncovered": None})
    if is_swept:
        window = WindowRecord(start=NOW, end=NOW + timedelta(minutes=5), scans=1, next_scan=NOW + timedelta(days=1))
        story = story.model_copy(update={"window": window, "pi": 1.0, "is_selected": True, "uncovered": "too old"})
    text = text_of(told(story, [ROW]))
    assert "the ledger has no entry of it (any more); the record tells what became of it" in text
    for words in ("no sweep met it", "not swept", "judge it", "no rate is fixed"):
        assert words not in text


def test_record_that_is_away_is_said_and_hides_nothing() -> None:
    class Away:
        async def rows_of(self, trace_id: str) -> Sequence[HistoryRow]:
            raise HistoryUnavailable("pg at h: away; start it")

    line = Line([make_trace("t0")])
    story = asyncio.run(with_record(line.story("t0"), cast("HistoryReader", Away())))
    assert story.is_known
    assert "the record could not be asked: pg at h: away; start it" in text_of(story)


@pytest.mark.parametrize("name", ["[red]x[/]", "\x1b[31mx"])
def test_names_from_a_trace_cannot_write_to_the_terminal(name: str) -> None:
    row = ROW.model_copy(update={"model_served": name, "release": name, "use_case": name, "flagged_kind": name})
    text = text_of(told(Line([]).story("t1"), [row]))
    assert "\x1b" not in text
    assert "[red]x" not in text.replace("\\[red]", "")
