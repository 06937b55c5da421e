"""What people were asked to review and what they said, beside the rows."""

from __future__ import annotations

from datetime import timedelta

from assay.worker.ports.history import History
from assay.worker.ports.review_record import AskedReview, ReviewLabel, ReviewRecord
from tests.contract.history.making import EVER, NOW, Run, row

MINUTE = timedelta(minutes=1)


def asked(trace_id: str = "t1", **over: object) -> AskedReview:
    fields = {
        "store": "langfuse",
        "project": "p",
        "trace_id": trace_id,
        "rubric": "grounding",
        "use_case": "bot",
        "queue": "legal",
        "asked_at": NOW,
    }
    design = {"review_pi": 0.25, "pi": 0.1, "risk": 0.2, "revision": "r", "started_at": NOW}
    changed = {name: over.pop(name) for name in design if name in over}
    return AskedReview.model_validate({**fields, **over, "design": {**design, **changed}})


def label(trace_id: str = "t1", value: int | None = 1, **over: object) -> ReviewLabel:
    fields = {"queue": "legal", "trace_id": trace_id, "label": value, "at": None if value is None else NOW + MINUTE}
    return ReviewLabel.model_validate({**fields, **over})


def reviews_of(record: History) -> ReviewRecord:
    assert record.reviews is not None
    return record.reviews


async def labels(record: History) -> dict[str, int | None]:
    return {each.trace_id + each.observation_id: each.label for each in await reviews_of(record).asked(EVER)}


def test_what_was_asked_is_kept_once_with_its_first_probability(run: Run) -> None:
    async def check(record: History) -> None:
        reviews = reviews_of(record)
        first = asked(review_pi=1 / 3, risk=None, asked_at=NOW.replace(microsecond=123_456))
        for batch in ([first, asked(review_pi=0.9)], [asked(review_pi=0.5), asked("t2", started_at=NOW + MINUTE)], []):
            await reviews.note_asked(batch)
        assert await reviews.asked(EVER) == [first, asked("t2", started_at=NOW + MINUTE)]

    run(check)


def test_the_last_word_of_people_counts_and_may_be_none(run: Run) -> None:
    async def check(record: History) -> None:
        reviews = reviews_of(record)
        await reviews.note_asked([asked(), asked("t2"), asked(rubric="tone"), asked("t3", observation_id="o")])
        await reviews.note_labels([label(), label("t2", 0), label("t3", 1), label("never-asked", 1)])
        assert await labels(record) == {"t1": 1, "t2": 0, "t3o": None}
        await reviews.note_labels([label("t1", 0), label("t2", None), label("t3", 1, observation_id="o")])
        await reviews.note_labels([label("t1", 1, queue="another")])
        await reviews.note_asked([asked()])
        assert await labels(record) == {"t1": 0, "t2": None, "t3o": 1}
        told = await reviews.asked(EVER)
        assert [each.reviewed_at for each in told if each.trace_id == "t1"] == [NOW + MINUTE] * 2

    run(check)


def test_a_period_has_the_reviews_of_its_own_traces(run: Run) -> None:
    async def check(record: History) -> None:
        reviews = reviews_of(record)
        days = (-1, 0, 1)
        await reviews.note_asked([asked(f"t{day}", started_at=NOW + timedelta(days=day)) for day in days])
        await reviews.note_asked([asked("other", use_case="other"), asked("tone", rubric="tone")])
        query = EVER.model_copy(update={"since": NOW, "until": NOW + MINUTE, "use_cases": ("bot",)})
        assert {each.trace_id for each in await reviews.asked(query)} == {"t0", "tone"}
        of_rubric = query.model_copy(update={"rubrics": ("tone",)})
        assert [each.trace_id for each in await reviews.asked(of_rubric)] == ["tone"]

    run(check)


def test_reviews_go_with_rows_as_old_as_they(run: Run) -> None:
    async def check(record: History) -> None:
        await record.writer.write([row("old", started_at=NOW - MINUTE)])
        await reviews_of(record).note_asked([asked("old", started_at=NOW - MINUTE), asked("new")])
        assert await record.writer.prune(NOW, limit=10) == 1
        assert await labels(record) == {"new": None}

    run(check)


def test_names_from_outside_are_stored_as_rows_store_them(run: Run) -> None:
    async def check(record: History) -> None:
        wild = "x\x00\ud83d" + "y" * 500
        await reviews_of(record).note_asked([asked(wild, queue=wild, use_case=wild, revision=wild)])
        await reviews_of(record).note_labels([label(wild, queue=wild)])
        assert list((await labels(record)).values()) == [1]

    run(check)
