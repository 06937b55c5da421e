"""Which sentences are put to a model that only says how likely a statement is."""

from __future__ import annotations

import pytest

from assay.judges.llm.statements.stating import stating
from assay.judges.schema import ResponseKind, Sample
from assay.judges.text.form import statements

BRIDGE = "The bridge was opened in 1932. It has two railway tracks and a cycleway."


def asked(response: str, *, question: str = "", evidence: str = BRIDGE) -> tuple[list[str], ResponseKind]:
    sample = Sample(id="s", question=question, contexts=(evidence,), response=response)
    spans = dict(enumerate(statements(response), start=1))
    stated = stating(sample, spans)
    return [response[spans[number].start : spans[number].end].strip() for number in stated.numbers], stated.kind


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("Sure! It opened in 1932. Let me know if you need anything else.", ["It opened in 1932."]),
        ("**Opening**\nIt opened in 1932.", ["It opened in 1932."]),
        ("Do you mean the old bridge? It has two tracks.", ["It has two tracks."]),
        ("Ich helfe gern weiter. Die Brücke wurde 1932 eröffnet.", ["Die Brücke wurde 1932 eröffnet."]),
        ("橋は1932年に開通した。", ["橋は1932年に開通した。"]),
        ("1932", ["1932"]),
        ("Lyon.", ["Lyon."]),
    ],
)
def test_what_states_something_is_asked(response: str, expected: list[str]) -> None:
    assert asked(response) == (expected, ResponseKind.ANSWER)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        ("I'm sorry, I cannot answer that from the documents.", ResponseKind.REFUSAL),
        ("I do not know. Please contact the council.", ResponseKind.REFUSAL),
        ("Hello! How can I help you?", ResponseKind.NO_CLAIMS),
        ("Which bridge do you mean?", ResponseKind.NO_CLAIMS),
    ],
)
def test_what_states_nothing_is_not(response: str, kind: ResponseKind) -> None:
    assert asked(response, question="When?") == ([], kind)


def test_a_bare_answer_is_one_statement_where_something_was_asked() -> None:
    assert asked("Yes, it does.", question="Does it have tracks?") == (["Yes, it does."], ResponseKind.ANSWER)
    assert asked("Yes, it does.") == ([], ResponseKind.NO_CLAIMS)


def test_a_yes_beside_a_statement_is_left_to_the_statement() -> None:
    assert asked("Yes. It has two railway tracks.", question="Tracks?")[0] == ["It has two railway tracks."]
