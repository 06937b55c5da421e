"""The labelled corpora as the local judge is fitted and measured on them: rows, folds, labels of sentences."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from assay.judges.local.checkworthy import checkworthy
from assay.judges.local.features import SentenceView, read_response
from assay.judges.schema import Sample, Turn
from benchmarks.split_demo_data import Row, read_rows, shown_in_demo

FILES = ("ragtruth_dev", "begin", "summedits", "factcheck_gpt_stance", "mtrag_dev")
ROLES = {"user": "user", "agent": "assistant"}


class Corpora(NamedTuple):
    """All rows, by what may be done with them: `mtrag` and `shown` are never fitted on."""

    ragtruth: list[Row]
    begin: list[Row]
    summedits: list[Row]
    factcheck: list[Row]
    mtrag: list[Row]
    shown: list[Row]


class Item(NamedTuple):
    """One labelled response, measured. `labels` are those of its sentences, None where nobody knows."""

    row: Row
    sentences: list[SentenceView]
    labels: list[float | None]
    evidence_words: int

    @property
    def label(self) -> float:
        """1 where a person marked something."""
        return float(self.row["label"])

    @property
    def group(self) -> str:
        """Rows of one source are never on both sides of a split."""
        return f"{self.row['source']}:{self.row['source_id']}"


class Rows(NamedTuple):
    """The responses the judge is fitted on, measured."""

    ragtruth: list[Item]
    summedits: list[Item]
    begin: list[Item]
    factcheck: list[Item]


def read_corpora(folder: Path) -> Corpora:
    """Read `FILES` from `folder`, BEGIN without what the demo shows."""
    data = {name: read_rows(folder / f"{name}.jsonl.gz") for name in FILES}
    shown = shown_in_demo(data["begin"])
    return Corpora(
        ragtruth=data["ragtruth_dev"],
        begin=[row for row in data["begin"] if row["id"] not in shown],
        summedits=data["summedits"],
        factcheck=data["factcheck_gpt_stance"],
        mtrag=data["mtrag_dev"],
        shown=[row for row in data["begin"] if row["id"] in shown],
    )


def sample_of(row: Row) -> Sample:
    """What a judge may see of a row."""
    return Sample(
        id=row["id"],
        question=row["question"],
        history=tuple(Turn(role=ROLES[role], content=text) for role, text in row.get("history", [])),
        contexts=tuple(row["context"]),
        response=row["response"],
    )


def measure(rows: Iterable[Row], idf: Mapping[str, float]) -> list[Item]:
    """Measure the rows. Those without a check-worthy sentence are left out, as they get no score."""
    items = []
    for row in rows:
        view = read_response(sample_of(row), idf)
        sentences = checkworthy(view.sentences)
        if sentences:
            items.append(Item(row, sentences, _span_labels(row, sentences), view.evidence.words))
    return items


def measure_edits(rows: Sequence[Row], idf: Mapping[str, float]) -> list[Item]:
    """Measure SummEdits: of a bad edit, the one sentence no consistent edit of the same document has is bad."""
    items = measure(rows, idf)
    consistent: dict[str, set[str]] = defaultdict(set)
    for item in items:
        if not item.label:
            consistent[item.group].update(sentence.text for sentence in item.sentences)
    return [item._replace(labels=_edit_labels(item, consistent[item.group])) for item in items]


def measure_rows(corpora: Corpora, idf: Mapping[str, float]) -> Rows:
    """Measure all that the judge is fitted on."""
    return Rows(
        ragtruth=measure(corpora.ragtruth, idf),
        summedits=measure_edits(corpora.summedits, idf),
        begin=measure(corpora.begin, idf),
        factcheck=measure(corpora.factcheck, idf),
    )


def fold_of(group: str, folds: int, salt: str = "") -> int:
    """The fold of a group: all its rows are in one."""
    return int.from_bytes(hashlib.sha256(f"{salt}{group}".encode()).digest()[:8], "big") % folds


def _span_labels(row: Row, sentences: Sequence[SentenceView]) -> list[float | None]:
    """Sentences a marked span touches are bad. So is the only one of a bad response. All of a good one are good."""
    spans = [(span["start"], span["end"]) for span in row["spans"]]
    if spans:
        return [
            float(any(sentence.span.start < end and start < sentence.span.end for start, end in spans))
            for sentence in sentences
        ]
    known = row["label"] == 0 or len(sentences) == 1
    return [float(row["label"]) if known else None] * len(sentences)


def _edit_labels(item: Item, consistent: set[str]) -> list[float | None]:
    if not item.label or len(item.sentences) == 1:
        return [item.label] * len(item.sentences)
    new = [sentence.text not in consistent for sentence in item.sentences]
    return [(1.0 if sum(new) == 1 else None) if is_new else 0.0 for is_new in new]
