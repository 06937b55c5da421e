"""Every finding has a sentence, and a failure that somebody else worded is cut to its kind."""

from __future__ import annotations

from typing import get_args

import pytest

from assay.worker.golden.gate.findings import AnswersMissing, Finding
from assay.worker.golden.report.wording.findings import sentence


@pytest.mark.parametrize("kind", get_args(Finding))
def test_every_kind_of_finding_has_a_sentence_of_its_own(kind: type) -> None:
    assert sentence.dispatch(kind) is not sentence.dispatch(object)


def test_what_is_no_finding_has_no_sentence() -> None:
    with pytest.raises(TypeError, match="no sentence for int"):
        sentence(3)


def lost(reason: str | None) -> str:
    return sentence(AnswersMissing("candidate", missing=1, answers=2, first_id="q1", first_reason=reason))


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
    assert lost(reason) == f"candidate: 1 of 2 items missing (first: q1: {shown})"


def test_a_missing_item_without_a_reason_says_so() -> None:
    assert lost(None).endswith("(first: q1: no reason given)")
