"""The items, answers and anchors that a table of questions makes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from assay.judges.errors import ConfigurationError
from assay.worker.extraction.dataset_columns import COLUMNS, Field, columns_by_field
from assay.worker.extraction.names import plain
from assay.worker.setup.golden_set.cells import (
    is_yes,
    label_of_cell,
    list_of_cell,
    names_of_cell,
    passages_of_cell,
    text_of_cell,
    turns_of_cell,
)
from assay.worker.setup.golden_set.tables import Row, Table

MOST_ITEMS = 200
"""More than these no person reviews, and no set may have."""

Json = dict[str, Any]


@dataclass
class SetContent:
    """What a golden set begins with.

    Attributes:
        items: as lines of items.jsonl.
        answers: as lines of a recorded release; empty where not every item has an answer.
        anchors: answers that people labelled, as lines of anchors.jsonl.
        unlabelled: answers that nobody labelled yet; `label` is null.
        notes: what was done with the table, a line each.
    """

    items: list[Json] = field(default_factory=list)
    answers: list[Json] = field(default_factory=list)
    anchors: list[Json] = field(default_factory=list)
    unlabelled: list[Json] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


EXAMPLE = SetContent(
    items=[
        {
            "id": "refund-01",
            "expect": "answer",
            "question": "Can I get my money back?",
            "contexts": ["Refunds are possible within 30 days."],
            "reference": "Yes, within 30 days.",
            "tags": ["refund"],
            "source_id": "faq-3",
        },
        {
            "id": "weather-01",
            "expect": "refusal",
            "question": "What will the weather be tomorrow?",
            "contexts": ["Refunds are possible within 30 days."],
            "tags": ["out-of-scope"],
            "source_id": "faq-0",
        },
    ],
    anchors=[
        {"id": "refund-01-a1", "label": 1, "item": "refund-01", "response": "Yes, within 90 days."},
        {"id": "refund-01-a2", "label": 0, "item": "refund-01", "response": "Yes, within 30 days."},
    ],
    notes=["two items and two anchors as examples: put 50 to 200 questions of your own in their place"],
)
"""What a set begins with where there is no table: a line of each kind to copy."""


def content_of(table: Table, given: Mapping[str, str]) -> SetContent:
    """The content of a set from a table.

    Args:
        table: its rows.
        given: which field a column is for, where its name does not tell: column → field, or `ignore`.

    Raises:
        ConfigurationError: no column of questions, an unknown column in `given`, or a cell that cannot be used.
    """
    fields = _fields(table, given)
    content = SetContent(notes=_mapping_notes(table, fields, given))
    reader = _RowReader(table, fields)
    known: dict[str, Json] = {}
    ids: set[str] = set()
    answers: dict[str, str] = {}
    without, beyond, renamed = [], 0, []
    for row in table.rows:
        item = reader.item(row)
        if not item["question"]:
            without.append(row.number)
            continue
        asked = repr([item["question"], item.get("history"), item.get("contexts")])
        if asked not in known:
            if len(known) >= MOST_ITEMS:
                beyond += 1
                continue
            wanted = item["id"] or f"q{len(known) + 1:03}"
            item["id"] = _unique(wanted, ids)
            renamed += [f"{wanted} → {item['id']}"] if item["id"] != wanted else []
            known[asked] = item
        item_id = known[asked]["id"]
        response = reader.response(row)
        if response:
            answers.setdefault(item_id, response)
            _add_anchor(content, item_id, response, reader.label(row))
    if not known:
        raise ConfigurationError(f"{table.source}: file: not one row has a question; name its column by --map")
    content.items = [
        {key: value for key, value in item.items() if value not in (None, "", [])} for item in known.values()
    ]
    if len(answers) == len(known):
        content.answers = [{"id": item_id, "response": response} for item_id, response in answers.items()]
    if renamed:
        content.notes.append(
            f"{len(renamed)} ids stood before other questions already, and got a number: {_listed(renamed)}"
        )
    content.notes += _row_notes(content, without, beyond, len(answers))
    return content


def _fields(table: Table, given: Mapping[str, str]) -> dict[Field, list[str]]:
    """The columns of each field: those that were named, then those whose names tell."""
    for column, name in given.items():
        if column not in table.columns:
            raise ConfigurationError(f"--map {column}={name}: no such column; there are {', '.join(table.columns)}")
        if name not in COLUMNS and name != "ignore":
            raise ConfigurationError(f"--map {column}={name}: no such field; there are {', '.join(COLUMNS)}, ignore")
    fields = columns_by_field(column for column in table.columns if column not in given)
    for column, name in given.items():
        if name != "ignore":
            known: Field = name  # type: ignore[assignment]  # looked up above
            fields[known] = [column, *fields.get(known, [])]
    if "question" not in fields:
        remedy = "no column holds questions; name it by --map COLUMN=question"
        raise ConfigurationError(f"{table.source}: columns: {remedy}; there are {', '.join(table.columns)}")
    return fields


class _RowReader:
    """Reads the cells of a row by field."""

    def __init__(self, table: Table, fields: Mapping[Field, Sequence[str]]) -> None:
        self._source = table.source
        self._fields = fields

    def item(self, row: Row) -> Json:
        """The item of a row; `id` and `question` may be empty."""
        contexts = [text for column in self._columns("contexts") for text in passages_of_cell(row.values.get(column))]
        return {
            "id": text_of_cell(self._cell(row, "id")),
            "expect": self._expect(row),
            "question": text_of_cell(self._cell(row, "question")),
            "history": turns_of_cell(self._cell(row, "history")),
            "contexts": contexts,
            "reference": "\n".join(
                text for part in list_of_cell(self._cell(row, "reference")) if (text := text_of_cell(part))
            ),
            "must_include": [
                text for part in list_of_cell(self._cell(row, "must_include")) if (text := text_of_cell(part))
            ],
            "must_not_include": [
                text for part in list_of_cell(self._cell(row, "must_not_include")) if (text := text_of_cell(part))
            ],
            "tags": [_tag(name) for column in self._columns("tags") for name in names_of_cell(row.values.get(column))],
            "source_id": text_of_cell(self._cell(row, "source_id")),
        }

    def response(self, row: Row) -> str:
        """The answer in a row, which may be empty."""
        return text_of_cell(self._cell(row, "response"))

    def label(self, row: Row) -> int | None:
        """What people said of the answer; None where nobody did.

        Raises:
            ConfigurationError: a cell that is no label.
        """
        for name in ("label", "no_label"):
            for column in self._columns(name):
                try:
                    label = label_of_cell(row.values.get(column), yes_is_right=name == "no_label")
                except ValueError as exc:
                    raise ConfigurationError(f"{self._source}: line {row.number}: {column}: {exc}") from exc
                if label is not None:
                    return label
        return None

    def _columns(self, name: Field) -> Sequence[str]:
        return self._fields.get(name, ())

    def _cell(self, row: Row, name: Field) -> Any:
        """The first of the field's columns that holds something in this row."""
        cells = (row.values.get(column) for column in self._columns(name))
        return next((cell for cell in cells if text_of_cell(cell)), None)

    def _expect(self, row: Row) -> Literal["answer", "refusal"]:
        for column in self._columns("expect"):
            cell = row.values.get(column)
            word, says_yes = text_of_cell(cell).casefold(), is_yes(cell)
            if word in {"refusal", "refuse", "unanswerable"}:
                return "refusal"
            if says_yes is not None and plain(column) != "expect":
                is_refusal = says_yes == (plain(column) == "isimpossible")
                return "refusal" if is_refusal else "answer"
        return "answer"


def _add_anchor(content: SetContent, item_id: str, response: str, label: int | None) -> None:
    """One answer, once: the same words to the same item may stand in several rows."""
    same = [a for a in (*content.anchors, *content.unlabelled) if a["item"] == item_id]
    if any(anchor["response"] == response for anchor in same):
        return
    anchor = {"id": f"{item_id}-a{len(same) + 1}", "label": label, "item": item_id, "response": response}
    (content.unlabelled if label is None else content.anchors).append(anchor)


def _unique(name: str, taken: set[str]) -> str:
    """The id, with a number behind it where another item has it."""
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}-{number}", number + 1
    taken.add(unique)
    return unique


def _tag(name: str) -> str:
    return re.sub(r"\s+", "-", name.strip())


def _mapping_notes(table: Table, fields: Mapping[Field, Sequence[str]], given: Mapping[str, str]) -> list[str]:
    """Which column was taken for what, and which for nothing."""
    used = {column for columns in fields.values() for column in columns}
    taken = ", ".join(f"{' + '.join(columns)} → {name}" for name, columns in fields.items())
    unknown = [column for column in table.columns if column not in used and column not in given]
    notes = [f"columns: {taken}"]
    if unknown:
        notes.append(f"not used: {', '.join(unknown)} (--map COLUMN=FIELD takes one)")
    return notes


def _row_notes(content: SetContent, without: Sequence[int], beyond: int, answered: int) -> list[str]:
    notes = []
    if without:
        notes.append(f"{len(without)} rows without a question left out (lines {_listed(without)})")
    if beyond:
        notes.append(f"{beyond} rows left out: a set has at most {MOST_ITEMS} items; put those you want first")
    bare = [item["id"] for item in content.items if not item.get("contexts")]
    if bare:
        notes.append(f"{len(bare)} items have no evidence ({_listed(bare)}): the target must return contexts for them")
    if 0 < answered < len(content.items):
        notes.append(f"{len(content.items) - answered} items have no answer, so no release was recorded from the table")
    return notes


def _listed(names: Iterable[object]) -> str:
    shown = [str(name) for name in names]
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")
