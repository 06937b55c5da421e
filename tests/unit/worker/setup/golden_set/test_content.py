"""What a table's rows become: items, a release, anchors, and what is said of the rest."""

from __future__ import annotations

import math
from typing import Any

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.extraction.dataset_columns import columns_by_field
from assay.worker.golden.sets.manifest import Anchor, GoldenItem, Release
from assay.worker.setup.golden_set.cells import label_of_cell, list_of_cell, names_of_cell, passages_of_cell
from assay.worker.setup.golden_set.content import EXAMPLE, SetContent, content_of
from assay.worker.setup.golden_set.tables import Row, Table


def content(*rows: dict[str, Any], given: dict[str, str] | None = None) -> SetContent:
    columns = dict.fromkeys(column for row in rows for column in row)
    table = Table("q.csv", tuple(columns), tuple(Row(n, row) for n, row in enumerate(rows, start=2)))
    made = content_of(table, given or {})
    for kind, records in ((GoldenItem, made.items), (Release, made.answers), (Anchor, made.anchors)):
        for record in records:
            kind.model_validate(record)
    return made


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        (  # RAGAS
            {"user_input": "Q", "retrieved_contexts": ["E"], "response": "R", "reference": "G"},
            {"question": "Q", "contexts": ["E"], "reference": "G"},
        ),
        (  # RAGAS before 0.2
            {"question": "Q", "contexts": "['E']", "answer": "R", "ground_truth": "G"},
            {"question": "Q", "contexts": ["E"], "reference": "G"},
        ),
        (  # DeepEval
            {"input": "Q", "actual_output": "R", "retrieval_context": ["E"], "expected_output": "G"},
            {"question": "Q", "contexts": ["E"], "reference": "G"},
        ),
        (  # Langfuse
            {"input": "Q", "expectedOutput": "G", "output": "R", "sessionId": "s1"},
            {"question": "Q", "reference": "G", "source_id": "s1"},
        ),
        (  # a spreadsheet
            {"Frage": "Q", "Kontext": "E", "Antwort": "R", "Category": "a, b c; d"},
            {"question": "Q", "contexts": ["E"], "tags": ["a", "b-c", "d"]},
        ),
        (  # an answer beside a response is what people expect
            {"question": "Q", "answer": "G", "response": "R"},
            {"question": "Q", "reference": "G"},
        ),
        (  # columns of one passage each
            {"question": "Q", "context_1": "E", "context_2": "F", "context_10": "", "output": "R"},
            {"question": "Q", "contexts": ["E", "F"]},
        ),
    ],
)
def test_the_names_of_common_tools_are_known(row: dict[str, Any], fields: dict[str, Any]) -> None:
    made = content(row)
    (item,) = made.items
    assert {key: item[key] for key in fields} == fields
    assert made.answers == [{"id": item["id"], "response": "R"}]
    assert not any(note.startswith("not used") for note in made.notes)


def test_a_column_nobody_knows_is_named_and_can_be_mapped() -> None:
    row = {"Kundenanliegen": "Q", "Beleg": "E", "note": "x"}
    with pytest.raises(ConfigurationError, match=r"no column holds questions; name it by --map COLUMN=question"):
        content(row)
    made = content(row, given={"Kundenanliegen": "question", "Beleg": "contexts"})
    assert made.items[0]["contexts"] == ["E"]
    assert "not used: note" in made.notes[1]
    assert content(row, given={"Kundenanliegen": "question", "note": "ignore"}).notes[1].startswith("not used: Beleg ")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"nope": "question"}, "no such column; there are question"),
        ({"question": "frage"}, "no such field; there are id"),
    ],
)
def test_a_mapping_of_nothing_is_refused(given: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        content({"question": "Q"}, given=given)


def test_ids_are_kept_made_and_unique() -> None:
    made = content(
        {"id": "x", "question": "A"}, {"id": "x", "question": "B"}, {"id": 7, "question": "C"}, {"question": "D"}
    )
    assert [item["id"] for item in made.items] == ["x", "x-2", "7", "q004"]


def test_rows_of_one_question_are_one_item_with_several_answers() -> None:
    made = content(
        {"question": "A", "context": "E", "response": "right", "label": 0},
        {"question": "A", "context": "E", "response": "wrong", "label": 1},
        {"question": "A", "context": "E", "response": "wrong", "label": 1},
        {"question": "A", "context": "other", "response": "open"},
    )
    assert [item["id"] for item in made.items] == ["q001", "q002"]
    assert [(anchor["item"], anchor["label"], anchor["response"]) for anchor in made.anchors] == [
        ("q001", 0, "right"),
        ("q001", 1, "wrong"),
    ]
    assert [(answer["item"], answer["label"]) for answer in made.unlabelled] == [("q002", None)]
    assert made.answers == [{"id": "q001", "response": "right"}, {"id": "q002", "response": "open"}]


def test_a_release_needs_an_answer_to_every_item() -> None:
    made = content({"question": "A", "response": "x"}, {"question": "B", "response": ""})
    assert made.answers == []
    assert any("1 items have no answer" in note for note in made.notes)


def test_rows_without_a_question_and_rows_beyond_the_most_are_told() -> None:
    rows = [{"question": f"Q{n}", "context": "E"} for n in range(205)]
    made = content({"question": " ", "context": "E"}, *rows)
    assert len(made.items) == 200
    assert "1 rows without a question left out (lines 2)" in made.notes
    assert any("5 rows left out: a set has at most 200 items" in note for note in made.notes)


def test_items_without_evidence_are_told() -> None:
    made = content({"question": "A", "context": "E"}, {"question": "B", "context": "nan"})
    assert any(note.startswith("1 items have no evidence (q002)") for note in made.notes)


@pytest.mark.parametrize(
    ("row", "expect"),
    [
        ({"expect": "refusal"}, "refusal"),
        ({"expect": "answer"}, "answer"),
        ({"expect": ""}, "answer"),
        ({"answerable": "no"}, "refusal"),
        ({"is_answerable": True}, "answer"),
        ({"is_impossible": "true"}, "refusal"),
        ({"is_impossible": False}, "answer"),
    ],
)
def test_what_is_expected_is_read_in_its_usual_forms(row: dict[str, Any], expect: str) -> None:
    assert content({"question": "A", **row}).items[0]["expect"] == expect


@pytest.mark.parametrize(
    ("row", "label"),
    [
        ({"label": "1"}, 1),
        ({"hallucination": "yes"}, 1),
        ({"hallucination": "no"}, 0),
        ({"label": "Hallucinated"}, 1),
        ({"label": "faithful"}, 0),
        ({"correct": "true"}, 0),
        ({"is_faithful": "0"}, 1),
        ({"label": 1.0}, 1),
        ({"label": ""}, None),
    ],
)
def test_labels_are_read_in_both_directions(row: dict[str, Any], label: int | None) -> None:
    made = content({"question": "A", "response": "R", **row})
    assert [anchor["label"] for anchor in made.anchors] == ([] if label is None else [label])


def test_a_label_that_is_none_is_refused_with_its_line() -> None:
    with pytest.raises(
        ConfigurationError, match="line 3: label: 'maybe' is no label; write 1 where the answer is wrong"
    ):
        content({"question": "A", "response": "R", "label": "1"}, {"question": "B", "response": "R", "label": "maybe"})


def test_earlier_turns_are_history() -> None:
    turns = [{"role": "human", "content": "Hi"}, {"role": "ai", "content": "Hello"}, {"role": "system", "content": "x"}]
    (item,) = content({"question": "And?", "chat_history": turns}).items
    assert item["history"] == [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


@pytest.mark.parametrize(
    ("cell", "listed"),
    [
        (["a", "b"], ["a", "b"]),
        ('["a", "b"]', ["a", "b"]),
        ("['a', 'b']", ["a", "b"]),
        ("['a'\n 'b']", ["a", "b"]),  # NumPy
        ("('a', 'b')", ["a", "b"]),
        ("[1] A passage that begins with a mark.", ["[1] A passage that begins with a mark."]),
        ("['a'", ["['a'"]),
        ("", []),
        (None, []),
        (math.nan, []),
        ("plain", ["plain"]),
    ],
)
def test_lists_are_read_as_tools_write_them(cell: Any, listed: list[str]) -> None:
    assert list_of_cell(cell) == listed


def test_passages_may_be_objects() -> None:
    assert list(passages_of_cell([{"page_content": "A", "metadata": {}}, {"text": "B", "score": 1}, "C"])) == [
        "A",
        "B",
        "C",
    ]


def test_names_are_split_and_a_list_is_not() -> None:
    assert names_of_cell("a | b;c, d") == ["a", "b", "c", "d"]
    assert names_of_cell(["a, b", "c"]) == ["a, b", "c"]


def test_a_label_is_a_bit_or_nothing() -> None:
    assert label_of_cell(True) == 1
    assert label_of_cell("n/a") is None
    with pytest.raises(ValueError, match="no label"):
        label_of_cell(2)


@pytest.mark.parametrize(
    ("cell", "as_label", "as_correct"),
    [
        *[(word, 1, 1) for word in ("wrong", "Incorrect", "hallucinated", "unfaithful", "failed", "not grounded")],
        *[(word, 0, 0) for word in ("right", "Correct", "faithful", "grounded", "ok", "pass")],
        *[(word, 1, 0) for word in ("yes", "TRUE", "1", "1.0", True, 1, 1.0, "ja")],
        *[(word, 0, 1) for word in ("no", "False", "0", "0.0", False, 0, 0.0, "nein")],
        *[(word, None, None) for word in ("", None, "n/a")],
    ],
)
@pytest.mark.parametrize("column", ["correct", "is_correct", "Faithful", "isFaithful", "grounded", "is grounded"])
def test_yes_and_numbers_follow_their_column_and_words_mean_what_they_say(
    cell: Any, as_label: int | None, as_correct: int | None, column: str
) -> None:
    for name, wanted in (("label", as_label), (column, as_correct)):
        labelled = content({"question": "Q", "response": "R", name: cell})
        assert [anchor["label"] for anchor in (*labelled.anchors, *labelled.unlabelled)] == [wanted]


def test_what_is_no_label_is_told_with_the_numbers_of_its_column() -> None:
    with pytest.raises(ConfigurationError, match="write 0 where the answer is wrong, 1 where it is right"):
        content({"question": "Q", "response": "R", "correct": "perhaps"})


def test_ids_that_stand_twice_are_told() -> None:
    made = content(*({"id": "k", "question": f"Q{n}"} for n in range(3)), {"id": "j", "question": "Q"})
    assert [item["id"] for item in made.items] == ["k", "k-2", "k-3", "j"]
    assert "2 ids stood before other questions already, and got a number: k → k-2, k → k-3" in made.notes


def test_of_two_columns_for_a_field_ours_comes_first() -> None:
    assert columns_by_field(["prompt", "question", "x"]) == {"question": ["question", "prompt"]}


def test_the_example_is_a_set() -> None:
    for item in EXAMPLE.items:
        GoldenItem.model_validate(item)
    for anchor in EXAMPLE.anchors:
        Anchor.model_validate(anchor)
