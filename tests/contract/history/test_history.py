"""What the record promises to whoever writes and reads it."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.worker.history import reading
from assay.worker.ports.history import History
from assay.worker.records.history import HistoryRow, microseconds
from tests.contract.history.making import EVER, NOW, Run, columns, full_row, row, trace_ids
from tests.examples import examples

MINUTE = timedelta(minutes=1)


def test_a_row_is_read_back_as_it_was_written(run: Run) -> None:
    async def check(record: History) -> None:
        bare, full = row("bare"), full_row("full")
        unset = {name for name in HistoryRow.model_fields if getattr(full, name) == getattr(bare, name)}
        assert unset <= {"store", "project", "rubric", "rubric_hash", "use_case", "window", "pi", "stratum"} | {
            *("selected_at", "state", "reason", "changed_at", "from_store")
        }, "the full row must set every field that has a default"
        await record.writer.write([bare, full])
        assert list(await record.reader.rows_of("bare")) == [bare]
        assert list(await record.reader.rows_of("full")) == [full]
        assert list(await record.reader.rows_of("other")) == []

    run(check)


def test_a_block_has_the_columns_that_were_asked_and_no_others(run: Run) -> None:
    async def check(record: History) -> None:
        await record.writer.write([full_row("a"), row("b", started_at=NOW + MINUTE)])
        names = ["scores", "started_at", "risk", "tags", "calibrated", "session_id"]
        blocks = [block async for block in record.reader.blocks(EVER, names)]
        assert len(blocks) == 1
        assert {name: list(column) for name, column in blocks[0].items()} == {
            "scores": [{"grounding_state": "judged", "helpfulness": 0.25}, {}],
            "started_at": [microseconds(full_row().started_at), microseconds(NOW + MINUTE)],
            "risk": [1 / 3, None],
            "tags": [["a", "ü"], []],
            "calibrated": [True, None],
            "session_id": ["session_id ü", None],
        }
        with pytest.raises(KeyError):
            await columns(record.reader, ["no_column"])

    run(check)


def test_blocks_come_in_the_order_of_the_start_then_trace_then_rubric(run: Run) -> None:
    async def check(record: History) -> None:
        keys = [(2, "a", "x"), (1, "b", "y"), (1, "b", "x"), (0, "c", "x"), (1, "a", "z")]
        rows = [row(trace, rubric=rubric, started_at=NOW + at * MINUTE) for at, trace, rubric in keys]
        await record.writer.write(rows)
        whole = await columns(record.reader, ["trace_id", "rubric"])
        told = list(zip(whole["trace_id"], whole["rubric"], strict=True))
        assert told == [(trace, rubric) for _, trace, rubric in sorted(keys)]

    run(check)


def test_a_query_takes_a_half_open_period_use_cases_and_rubrics(run: Run) -> None:
    async def check(record: History) -> None:
        rows = [
            row("before", started_at=NOW - timedelta(microseconds=1)),
            row("first"),
            row("other-case", use_case="other"),
            row("other-rubric", rubric="tone"),
            row("end", started_at=NOW + MINUTE),
        ]
        await record.writer.write(rows)
        query = EVER.model_copy(update={"since": NOW, "until": NOW + MINUTE})
        assert await trace_ids(record.reader, query) == ["first", "other-case", "other-rubric"]
        narrow = query.model_copy(update={"use_cases": ("bot", "none"), "rubrics": ("grounding",)})
        assert await trace_ids(record.reader, narrow) == ["first"]
        assert await record.reader.counts(query) == {
            ("bot", "grounding", "scored", "judged"): 1,
            ("other", "grounding", "scored", "judged"): 1,
            ("bot", "tone", "scored", "judged"): 1,
        }
        nothing = query.model_copy(update={"use_cases": ("none",)})
        assert await trace_ids(record.reader, nothing) == []
        assert not await record.reader.counts(nothing)

    run(check)


def test_use_cases_are_those_that_have_rows_of_the_query(run: Run) -> None:
    async def check(record: History) -> None:
        assert list(await record.reader.use_cases(EVER)) == []
        names = ["b", "a", "ü", "<b>", "A", "a b", "\u202ex", "", "z" * 100]
        await record.writer.write([row(f"t{number}", use_case=name) for number, name in enumerate(names)])
        await record.writer.write([row("t-late", use_case="late", started_at=NOW + MINUTE, rubric="tone")])
        await record.writer.write([row(f"again{number}", use_case="b") for number in range(5)])
        assert list(await record.reader.use_cases(EVER)) == sorted([*names, "late"])
        early = EVER.model_copy(update={"until": NOW + MINUTE})
        assert list(await record.reader.use_cases(early)) == sorted(names)
        assert list(await record.reader.use_cases(EVER.model_copy(update={"rubrics": ("tone",)}))) == ["late"]
        some = early.model_copy(update={"use_cases": ("a", "late", "nobody")})
        assert list(await record.reader.use_cases(some)) == ["a"]

    run(check)


def test_an_empty_record_is_read_as_such(run: Run) -> None:
    async def check(record: History) -> None:
        assert await trace_ids(record.reader) == []
        assert list(await record.reader.rows_of("t")) == []
        assert not await record.reader.counts(EVER)
        assert (await record.reader.examine()).status == "ok"
        await record.writer.write([])
        assert await record.writer.prune(NOW, limit=10) == 0

    run(check)


def test_rows_of_a_trace_come_with_the_latest_last(run: Run) -> None:
    async def check(record: History) -> None:
        times = {"tone": 3, "grounding": 1, "safety": 2}
        await record.writer.write([row(rubric=name, changed_at=NOW + at * MINUTE) for name, at in times.items()])
        assert [known.rubric for known in await record.reader.rows_of("t1")] == ["grounding", "safety", "tone"]

    run(check)


def test_pruning_takes_the_oldest_and_no_more_than_asked(run: Run) -> None:
    async def check(record: History) -> None:
        await record.writer.write([row(f"t{at}", started_at=NOW + at * MINUTE) for at in (3, 0, 2, 1, 4)])
        assert await record.writer.prune(NOW + 3 * MINUTE, limit=2) == 2
        assert await trace_ids(record.reader) == ["t2", "t3", "t4"]
        assert await record.writer.prune(NOW + 3 * MINUTE, limit=2) == 1
        assert await trace_ids(record.reader) == ["t3", "t4"]

    run(check)


def test_what_the_store_told_again_never_hides_what_was_judged_here(run: Run) -> None:
    async def check(record: History) -> None:
        judged = row("a", risk=0.5)
        again = row("a", from_store=True, changed_at=judged.changed_at + MINUTE)
        by_another_version = row("a", rubric_hash="older", from_store=True)
        elsewhere = row("a", rubric="tone", from_store=True)
        await record.writer.write([judged])
        await record.writer.write([again, by_another_version, elsewhere])
        kept = {known.rubric: known for known in await record.reader.rows_of("a")}
        assert kept == {"grounding": judged, "tone": elsewhere}

        only_told, newly_judged = row("b", from_store=True), row("b", changed_at=NOW)
        await record.writer.write([only_told])
        assert list(await record.reader.rows_of("b")) == [only_told]
        await record.writer.write([newly_judged])
        assert list(await record.reader.rows_of("b")) == [newly_judged]

    run(check)


def test_rows_written_while_others_are_read_neither_repeat_nor_shift(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BLOCK_ROWS", 300)

    async def check(record: History) -> None:
        rows = [row(f"t{at:05}", started_at=NOW + at * MINUTE) for at in range(3_000)]
        await record.writer.write(rows)
        read: list[str] = []
        blocks = 0
        async for block in record.reader.blocks(EVER, ["trace_id"]):
            if not read:
                await record.writer.write([row("new", started_at=NOW), row("newer", started_at=NOW + 2_999 * MINUTE)])
                await record.writer.prune(NOW + 5 * MINUTE, limit=10)
            read.extend(block["trace_id"])
            blocks += 1
        assert blocks > 2
        assert read == [known.trace_id for known in rows]
        assert len(await trace_ids(record.reader)) == 3_000 + 2 - 6

    run(check)


def test_reading_that_is_given_up_holds_nothing(run: Run) -> None:
    async def check(record: History) -> None:
        await record.writer.write([row(f"t{at}") for at in range(20)])

        async def read_and_wait(reached: asyncio.Event) -> None:
            async for _ in record.reader.blocks(EVER, ["trace_id"]):
                reached.set()
                await asyncio.Event().wait()

        for _ in range(8):  # more than there are connections
            reached = asyncio.Event()
            task = asyncio.create_task(read_and_wait(reached))
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await record.writer.write([row("more")])
        assert len(await trace_ids(record.reader)) == 21

    run(check)


def test_a_half_read_stream_leaves_the_connection_fit_for_the_next(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BLOCK_ROWS", 300)

    async def check(record: History) -> None:
        await record.writer.write([full_row(f"t{at:05}") for at in range(2_500)])
        names = tuple(HistoryRow.model_fields)
        for _ in range(6):  # more than there are connections
            blocks = record.reader.blocks(EVER, names)
            first = await anext(blocks)
            assert first["trace_id"][0] == "t00000"
            assert len(first["trace_id"]) < 2_500
            await blocks.aclose()  # type: ignore[attr-defined]  # a generator, in all implementations
        assert len(await trace_ids(record.reader)) == 2_500

    run(check)


def test_each_database_has_an_identity_of_its_own(run: Run) -> None:
    identities: list[str] = []

    async def check(record: History) -> None:
        identity = await record.writer.identity()
        await record.writer.write([row()])
        assert await record.writer.identity() == identity
        identities.append(identity)

    run(check)
    run(check)
    assert len(set(identities)) == 2


class Written(NamedTuple):
    """What of a row decides which of two with one key stays."""

    trace: str
    is_judged: bool
    minute: int


written = st.builds(Written, st.sampled_from("ab"), st.sampled_from([True, True, False]), st.integers(0, 4))


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(written, max_size=6), max_size=4))
def test_whatever_comes_how_often_and_in_which_order_the_row_that_counts_of_each_key_stays(
    run_on_same: Run, batches: list[list[Written]]
) -> None:
    project = uuid.uuid4().hex  # all examples share a database

    def row_of(fields: Written) -> HistoryRow:
        moment = NOW + fields.minute * MINUTE
        return row(project + fields.trace, from_store=not fields.is_judged, changed_at=moment, attempts=fields.minute)

    counting = {trace: max(same) for trace in "ab" if (same := [w for b in batches for w in b if w.trace == trace])}

    async def check(record: History) -> None:
        for batch in (*batches, *batches[::-1]):
            await record.writer.write(list(map(row_of, batch)))
        for trace in "ab":
            expected = [row_of(counting[trace])] if trace in counting else []
            assert list(await record.reader.rows_of(project + trace)) == expected

    run_on_same(check)


def test_writers_at_the_same_time_lose_and_double_nothing(run: Run) -> None:
    async def check(record: History) -> None:
        def batch(writer: int) -> list[HistoryRow]:
            numbers = range(60) if writer % 2 else reversed(range(60))
            return [row(f"t{number:02}", attempts=writer, changed_at=NOW + writer * MINUTE) for number in numbers]

        await asyncio.gather(*(record.writer.write(batch(writer)) for writer in range(8)))
        whole = await columns(record.reader, ["trace_id", "attempts"])
        assert whole["trace_id"] == [f"t{number:02}" for number in range(60)]
        assert set(whole["attempts"]) == {7}

    run(check)
