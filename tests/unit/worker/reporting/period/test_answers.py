"""Texts of the worst answers: the sentence is marked where it stands, or nothing is shown and it is said why."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.redaction.offsets import RedactedText
from assay.judges.redaction.policy import Redaction
from assay.judges.redaction.redact import redacted_sample
from assay.worker.extraction.samples import build_sample
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.reporting.period.answers import MarkedAnswer, read_answers, span_of
from assay.worker.reporting.period.reading import PeriodReader
from tests.builders import make_trace
from tests.fakes import FlakyStore
from tests.unit.worker.flow.pipeline import RUBRIC
from tests.unit.worker.reporting.period.history_rows import WEEK, a_row, record_of

RESPONSE = "The bridge opened in 1932. Write to jo@example.org. It cost 4 million."
SENTENCE = "It cost 4 million."
EVIDENCE = "The bridge was opened in 1932."
NOTHING, EMAIL = Redaction(), Redaction(kinds=("email",))
TRACE = make_trace("trace-1", output={"answer": RESPONSE})


def marked(*, store: FlakyStore | None = None, redaction: Redaction = NOTHING, **fields: Any) -> MarkedAnswer:
    """The one worst answer of a record."""
    start = RESPONSE.index(SENTENCE)
    usual: dict[str, Any] = {
        "worst": {"span": [start, start + len(SENTENCE)], "evidence": [[0, 0, len(EVIDENCE)], [7, 0, 4]]},
        "sample_hash": redacted_sample(build_sample(TRACE, RUBRIC.sample), redaction).sample.content_hash(),
        "rubric_hash": RUBRIC.content_hash(),
    }

    async def rubric_of(digest: str) -> Any:
        return RUBRIC if digest == RUBRIC.content_hash() else None

    async def run() -> MarkedAnswer:
        reader = await record_of(a_row(1, **(usual | fields)))
        report = await PeriodReader(reader, cuts={}).read(WEEK)
        (answer,) = await read_answers(
            report, reader, store or FlakyStore([TRACE]), rubric_of, lambda use_case: redaction
        )
        return answer

    return asyncio.run(run())


def test_the_sentence_is_marked_with_what_it_was_held_against() -> None:
    answer = marked()
    assert answer.span is not None
    assert answer.response[slice(*answer.span)] == SENTENCE
    assert [(passage.number, passage.text) for passage in answer.passages] == [(1, EVIDENCE)]
    assert answer.note == ""


def test_private_values_are_replaced_and_the_mark_moves_with_them() -> None:
    answer = marked(redaction=EMAIL)
    assert "jo@example.org" not in answer.model_dump_json()
    assert answer.span is not None
    assert answer.response[slice(*answer.span)] == SENTENCE


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ({"sample_hash": "0" * 64}, "has changed"),
        ({"rubric_hash": "0" * 64}, "rubric"),
        ({"trace_id": "gone"}, "does not have the trace"),
    ],
)
def test_what_cannot_be_shown_is_not_shown(fields: dict[str, Any], note: str) -> None:
    answer = marked(**fields)
    assert (answer.response, answer.span, answer.passages) == ("", None, ())
    assert note in answer.note


def test_a_store_that_fails_costs_the_texts_alone() -> None:
    store = FlakyStore([TRACE])
    store.failing = StoreUnavailable("no route to the store")
    answer = marked(store=store)
    assert answer.response == ""
    assert answer.note == "the trace store failed: no route to the store"


@pytest.mark.parametrize("worst", [None, {}, {"span": [1]}, {"span": ["1", 4]}, {"span": [4, 4]}, {"span": [0, 9_999]}])
def test_a_place_that_is_none_marks_nothing(worst: Any) -> None:
    answer = marked(worst=worst)
    assert answer.response == RESPONSE
    assert answer.span is None
    assert answer.note


@given(st.text(max_size=20), st.lists(st.one_of(st.integers(-3, 30), st.booleans(), st.text()), max_size=3))
def test_a_place_always_lies_in_the_text(text: str, span: list[Any]) -> None:
    place = span_of({"span": span}, RedactedText(text))
    assert place is None or 0 <= place[0] < place[1] <= len(text)
