"""What `assay batches ls` says of batches, and of those that brought nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assay.worker.cli.batches import _stands, _table, _troubles
from assay.worker.records.batch_jobs import BatchJob
from tests.builders import NOW


def job(minutes: float = 10, **over: object) -> BatchJob:
    began = NOW - timedelta(minutes=minutes)
    fields = {"tag": "t", "endpoint": "default", "model": "m", "intended_at": began, "total": 1}
    return BatchJob.model_validate({**fields, **over})


REFUSED: dict[str, Any] = {"state": "dropped", "word": "refused: the key [bold]is wrong"}
FAILED: dict[str, Any] = {"state": "ended", "word": "failed: token_limit_exceeded", "batch_id": "b"}


@pytest.mark.parametrize(
    ("batch", "says"),
    [
        (job(), "being sent"),
        (job(word="looked for: 2 at the provider may be it"), "being sent: looked for: 2 at the provider may be it"),
        (job(state="sent", word="in_progress"), "in_progress"),
        (job(state="sent", cancelled=True), "sent, its end is asked for"),
        (job(state="ended", word="completed", cancelled=True), "ended"),
        (job(state="ended", word="expired"), "ended: expired"),
        (job(**FAILED), "ended: failed: token_limit_exceeded"),
        (job(**REFUSED), "not begun: refused: the key [bold]is wrong"),
        (job(state="dropped"), "not begun"),
    ],
)
def test_how_a_batch_stands(batch: BatchJob, says: str) -> None:
    assert _stands(batch) == says
    assert list(_table([batch], NOW).columns[-1].cells) == [says.replace("[bold]", r"\[bold]")]


@pytest.mark.parametrize("wrong", [REFUSED, FAILED])
def test_latest_batch_of_an_endpoint_that_brought_nothing_is_told(wrong: dict[str, Any]) -> None:
    said = f"the last batch of m at default, 10 minutes ago: {wrong['word']}"
    assert list(_troubles([job(20), job(**wrong)], NOW)) == [said]
    assert list(_troubles([job(**wrong), job(5, state="sent")], NOW)) == [], "a later one goes well"
    assert list(_troubles([job(**wrong), job(5, model="other")], NOW)) == [said]
    assert list(_troubles([job(60 * 25, **wrong)], NOW)) == []


def test_batch_that_cannot_be_looked_at_says_why() -> None:
    sent = job(state="sent", trouble="h: status 401; the key is refused")
    assert list(_troubles([sent], NOW)) == ["t: h: status 401; the key is refused"]
    assert list(_troubles([sent.model_copy(update={"state": "ended"})], NOW)) == []


def test_batches_that_go_well_are_no_trouble() -> None:
    usual = [job(), job(state="dropped"), job(state="ended", word="expired"), job(state="sent", word="failed")]
    assert [line for each in usual for line in _troubles([each], NOW)] == []
