"""Documents beside the rows: kept, found by kind and key, bounded, and removed with old rows."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy
from pydantic import JsonValue

from assay.worker.history import documents as sql
from assay.worker.history.table import DOCUMENTS
from assay.worker.ports.history import MOST_DOCUMENT_BYTES, History, RecordDocument
from tests.contract.history.making import NOW, Run, run_on

DAY = timedelta(days=1)


def document(
    key: str = "bot", at: datetime = NOW, content: JsonValue = None, kind: str = "drift_check"
) -> RecordDocument:
    return RecordDocument(kind=kind, key=key, at=at, content=content)


def test_the_latest_of_a_kind_and_key_is_in_force(run: Run) -> None:
    async def check(record: History) -> None:
        kept = record.documents
        assert await kept.latest("drift_check", "bot") is None
        assert list(await kept.since("drift_check", NOW - DAY)) == []
        first = document(content={"a": [1, 2.5, None, True, "ü\x00\ud83d"]})
        second, other = document(at=NOW + DAY, content=[]), document("other", NOW + 2 * DAY, "x")
        for each in (second, first, other, document(kind="baseline", content=1)):
            await kept.keep(each)
        assert await kept.latest("drift_check", "bot") == second
        assert await kept.latest("drift_check", "bot", until=NOW + DAY) == second
        assert await kept.latest("drift_check", "bot", until=NOW + DAY - timedelta(microseconds=1)) == first
        assert await kept.latest("drift_check", "bot", until=NOW - DAY) is None
        assert list(await kept.since("drift_check", NOW)) == [first, second, other]
        assert list(await kept.since("drift_check", NOW + DAY)) == [second, other]

    run(check)


def test_the_same_moment_again_replaces_it(run: Run) -> None:
    async def check(record: History) -> None:
        for content in (1, 2, 2):
            await record.documents.keep(document(content=content))
        assert list(await record.documents.since("drift_check", NOW)) == [document(content=2)]

    run(check)


def test_one_that_was_cut_short_holds_nothing_and_stops_no_other(place: str) -> None:
    async def check(record: History) -> None:
        await record.documents.keep(document(content={"n": 1}))
        await record.documents.keep(document("other", content={}))
        cut = sqlalchemy.update(DOCUMENTS).where(DOCUMENTS.c.key == "bot").values(content='{"n')
        await record.connection.write(lambda opened: opened.execute(cut))  # type: ignore[attr-defined]
        assert [each.content for each in await record.documents.since("drift_check", NOW)] == [None, {}]

    run_on(place, check)


def test_one_that_is_too_large_is_refused_by_name(run: Run) -> None:
    async def check(record: History) -> None:
        with pytest.raises(ValueError, match=r"document drift_check of bot: 4,000,002 bytes; at most 4,000,000"):
            await record.documents.keep(document(content="x" * MOST_DOCUMENT_BYTES))
        await record.documents.keep(document(content="x" * (MOST_DOCUMENT_BYTES - 2)))
        assert await record.documents.latest("drift_check", "bot") is not None

    run(check)


def test_old_ones_go_and_what_is_in_force_stays(run: Run) -> None:
    async def check(record: History) -> None:
        old = [document(at=NOW - n * DAY, content=n) for n in (1, 2, 3)]
        for each in (*old, document("young"), document("young", NOW - DAY)):
            await record.documents.keep(each)
        await record.writer.prune(NOW, limit=10)
        assert list(await record.documents.since("drift_check", NOW - 9 * DAY)) == [old[0], document("young")]

    run(check)


def test_of_very_many_the_newest_are_read(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def check(record: History) -> None:
        every = [document(at=NOW + n * DAY, content="x" * 8) for n in range(6)]
        for each in every:
            await record.documents.keep(each)
        monkeypatch.setattr(sql, "MOST_DOCUMENTS", 4)
        assert list(await record.documents.since("drift_check", NOW)) == every[2:]
        monkeypatch.setattr(sql, "MOST_DOCUMENTS_BYTES", 25)
        assert list(await record.documents.since("drift_check", NOW)) == every[4:]
        monkeypatch.setattr(sql, "MOST_DOCUMENTS_BYTES", 5)
        assert list(await record.documents.since("drift_check", NOW)) == every[5:]

    run_on(place, check)
