"""What a gate's report line says of a failure that somebody else worded."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from assay.worker.golden.report.words import lost_words
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun, ItemResult

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


def said(*reasons: str) -> str:
    items = (ItemResult(id="q0", status=ItemStatus.PASSED), ItemResult(id="q1", status=ItemStatus.MISSING))
    run = GoldenRun(
        golden_set="bot",
        set_digest="d",
        rubric="r",
        rubric_hash="h",
        revision="v",
        target="new",
        started=NOW,
        finished=NOW,
        items=(items[0], items[1].model_copy(update={"reasons": reasons})),
    )
    return lost_words("candidate", run)


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("target failed: error: ValueError: Jane Doe, born 1970", "target failed: error: ValueError"),
        ("target failed: error: ValueError: Jane\nDoe", "target failed: error: ValueError"),
        ("target failed: bad_reply: Jane Doe is no number", "target failed: bad_reply"),
        ("judge failed: ModelUnavailable: Jane Doe", "judge failed: ModelUnavailable"),
        ("judge failed: Bug:KeyError: Jane Doe", "judge failed: Bug:KeyError"),
        ("not run: the time of the whole run was up", "not run: the time of the whole run was up"),
        ("judge skipped: model_refused", "judge skipped: model_refused"),
    ],
)
def test_only_the_kind_of_a_failure_is_shown(reason: str, shown: str) -> None:
    assert said(reason) == f"candidate: 1 of 2 items missing (first: q1: {shown})"


def test_a_missing_item_without_a_reason_says_so() -> None:
    assert said().endswith("(first: q1: no reason given)")
