"""What `assay status` says of the record: nothing while it keeps up, one line where it does not."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.flow.history_databases import HistoryDatabase, HistoryDatabases
from assay.worker.flow.history_trouble import HistoryTroubles
from assay.worker.ports.history import HistoryUnavailable
from assay.worker.records.ledger import LedgerState, Transition
from assay.worker.reporting.fleet_health import FleetHealth
from assay.worker.reporting.record_health import LATE_AFTER, RecordHealth, read_record_health
from assay.worker.reporting.terminal.fleet_health import health_lines
from assay.worker.state.memory.state import memory_state
from tests.builders import NOW, make_trace
from tests.unit.worker.flow.pipeline import promise_of


def health(
    *, ended: int = 0, after: timedelta = timedelta(), error: EvaluationError | None = None, databases: str = ""
) -> RecordHealth:
    """How it stands so long after traces ended; `databases` are those that were written to, a minute each."""

    async def read() -> RecordHealth:
        state = memory_state()
        promises = [promise_of(make_trace(f"t{n}")) for n in range(ended)]
        await state.ledger.promise(promises, now=NOW, due=NOW)
        ends = [
            Transition(trace_id=promise.trace_id, expected=(LedgerState.OPEN,), state=LedgerState.SKIPPED)
            for promise in promises
        ]
        await state.ledger.apply("grounding", ends, now=NOW)
        known = HistoryDatabases(state.key_values)
        for minute, name in enumerate(databases):
            at = NOW + timedelta(minutes=2 * minute)
            every = await known.known()
            before = next((each for each in every if each.identity == name), None)
            database = before or HistoryDatabase(identity=name, first=at, last=at)
            database = database.returned(at) if before and every[0] != before else database
            await known.keep(database.model_copy(update={"last": at}))
        if error is not None:
            await HistoryTroubles(state.key_values).tell(error, NOW)
        return await read_record_health(state.ended, state.key_values, NOW + after)

    return asyncio.run(read())


def test_nothing_is_said_where_all_is_well() -> None:
    """Also while a few rows are about to be written."""
    for record in (health(), health(ended=3, after=timedelta(seconds=10)), health(databases="aaab")):
        assert record.sentences == ()
    assert health(ended=3).waiting == 3
    assert list(health_lines(FleetHealth(record=health()))) == []


@pytest.mark.parametrize(
    "error", [HistoryUnavailable("pg at h: away; start it"), ConfigurationError("pg at h: away; x")]
)
def test_trouble_is_one_line_with_what_waits_and_why(error: EvaluationError) -> None:
    record = health(ended=2, error=error)
    (line,) = health_lines(FleetHealth(record=record))
    assert line.startswith("! record: 2 ended entries wait for a row since")
    assert str(error) in line
    assert "nothing is lost" in line


def test_rows_that_are_late_are_told_without_a_known_cause() -> None:
    (sentence,) = health(ended=1, after=LATE_AFTER + timedelta(seconds=1)).sentences
    assert sentence.startswith("record: 1 ended entry waits for its row since")
    assert "control worker" in sentence


def test_databases_in_turn_are_told_with_the_remedy() -> None:
    record = health(databases="ababab")
    assert record.databases_in_turn == 2
    (sentence,) = record.sentences
    assert "ASSAY_DATABASE_URL" in sentence
