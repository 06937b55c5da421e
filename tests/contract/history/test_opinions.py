"""What users said of traces, read beside the rows."""

from __future__ import annotations

import math
from datetime import timedelta

from assay.worker.ports.history import History
from assay.worker.records.history import UserOpinion
from tests.contract.history.making import EVER, NOW, Run, columns, row

MINUTE = timedelta(minutes=1)


def opinion(trace_id: str = "t1", *, bad: bool = False, **over: object) -> UserOpinion:
    fields = {
        "store": "langfuse",
        "project": "p",
        "trace_id": trace_id,
        "name": "thumb",
        "is_complaint": bad,
        "at": NOW,
    }
    return UserOpinion.model_validate({**fields, **over})


async def opinions(record: History) -> dict[tuple[str, str], float | None]:
    told = await columns(record.reader, ["trace_id", "use_case", "opinion"])
    return {(trace, case): said for trace, case, said in zip(*told.values(), strict=True)}


def test_a_complaint_outweighs_other_opinions_and_silence_is_unknown(run: Run) -> None:
    async def check(record: History) -> None:
        await record.writer.write([row("bad"), row("good"), row("both"), row("silent")])
        said = [opinion("bad", bad=True), opinion("good"), opinion("both"), opinion("both", bad=True, name="stars")]
        await record.writer.write_opinions([*said, opinion("never-recorded", bad=True)])
        told = {trace: value for (trace, _), value in (await opinions(record)).items()}
        assert told == {"bad": 0.0, "good": 1.0, "both": 0.0, "silent": None}
        async for block in record.reader.blocks(EVER, ["trace_id", "opinion"]):
            numbers = dict(zip(block["trace_id"], block["opinion"].floats().tolist(), strict=True))
            assert math.isnan(numbers["silent"])
            assert numbers["good"] == 1.0

    run(check)


def test_an_opinion_is_of_its_store_project_and_use_case_alone(run: Run) -> None:
    async def check(record: History) -> None:
        rows = [row("t1"), row("t1", rubric="tone", use_case="other"), row("t1", project="q", use_case="third")]
        await record.writer.write(rows)
        await record.writer.write_opinions([opinion(bad=True, use_case="bot")])
        assert await opinions(record) == {("t1", "bot"): 0.0, ("t1", "other"): None, ("t1", "third"): None}
        await record.writer.write_opinions([opinion(use_case="other"), opinion(bad=True, project="q", use_case="none")])
        assert await opinions(record) == {("t1", "bot"): 0.0, ("t1", "other"): 1.0, ("t1", "third"): None}

    run(check)


def test_the_later_opinion_of_a_name_counts_however_often_it_is_written(run: Run) -> None:
    async def check(record: History) -> None:
        await record.writer.write([row()])
        first, second = opinion(bad=True), opinion(at=NOW + MINUTE)
        for batch in ([first], [second], [first, second, first], [second], [first], []):
            await record.writer.write_opinions(batch)
        assert (await opinions(record))["t1", "bot"] == 1.0
        await record.writer.write_opinions([opinion(bad=True, at=NOW + MINUTE)])
        assert (await opinions(record))["t1", "bot"] == 0.0

    run(check)


def test_opinions_go_with_rows_as_old_as_they(run: Run) -> None:
    async def check(record: History) -> None:
        await record.writer.write([row("new", started_at=NOW + MINUTE), row("old", started_at=NOW - MINUTE)])
        await record.writer.write_opinions([opinion("new", at=NOW + MINUTE), opinion("old", at=NOW - MINUTE)])
        assert await record.writer.prune(NOW, limit=10) == 1
        await record.writer.write([row("old", started_at=NOW + MINUTE)])
        assert await opinions(record) == {("new", "bot"): 1.0, ("old", "bot"): None}

    run(check)


def test_names_from_outside_are_stored_as_rows_store_them(run: Run) -> None:
    async def check(record: History) -> None:
        wild = "x\x00\ud83d" + "y" * 500
        await record.writer.write([row(wild)])
        await record.writer.write_opinions([opinion(wild, bad=True, name=wild)])
        assert list((await opinions(record)).values()) == [0.0]

    run(check)
