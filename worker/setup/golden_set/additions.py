"""From failure to golden set: traces of production become items, and their answers anchors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record, Sample
from assay.worker.golden.sets.files import read_plain, write_text
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.setup.golden_set.content import MOST_ITEMS
from assay.worker.setup.golden_set.labelling import read_waiting
from assay.worker.setup.golden_set.writing import TO_LABEL
from assay.worker.setup.recorded_samples import RecordedSample

PRODUCTION = "production"
"""The tag of items that were traces."""

Expect = Literal["answer", "refusal"]
Lines = list[dict[str, Any]]


class Additions(Record):
    """What traces add to a set.

    Attributes:
        items: ids of new items.
        known: traces whose question over the same evidence is an item already, by trace id.
        anchors: ids of new anchors, whose label people gave.
        to_label: ids of answers that wait for a label.
    """

    golden_set: str
    items: tuple[str, ...] = ()
    known: dict[str, str] = Field(default_factory=dict)
    anchors: tuple[str, ...] = ()
    to_label: tuple[str, ...] = ()


class SetAdditions:
    """Puts recorded samples into a set that lies there, without touching a line of it."""

    def __init__(self, golden: GoldenSet) -> None:
        self._golden = golden
        self._item_of = {_asked(item.model_dump(mode="json")): item.id for item in golden.items}
        self._ids = {item.id for item in golden.items} | {anchor.id for anchor in golden.anchors}
        self._waiting: Lines = read_waiting(golden.directory) if (golden.directory / TO_LABEL).exists() else []
        self._ids |= {str(answer["id"]) for answer in self._waiting}
        self._answers = {(a.item, a.response) for a in golden.anchors if a.item} | {
            (answer["item"], answer["response"]) for answer in self._waiting
        }
        self._new: dict[str, Lines] = {"items.jsonl": [], "anchors.jsonl": [], TO_LABEL: []}
        self._known: dict[str, str] = {}

    def add(self, recorded: RecordedSample, *, expect: Expect, label: Literal[0, 1] | None) -> None:
        """Take one trace: an item if its question over this evidence is new, and its answer.

        Args:
            recorded: what the trace holds, as its policy lets it be shown.
            expect: what a good answer would be.
            label: 1 where people marked the answer as wrong, 0 where not. None: nobody looked yet.

        Raises:
            ConfigurationError: the set would have too many items.
        """
        sample = recorded.sample
        asked = _asked_of(sample)
        item_id = self._item_of.get(_asked(asked))
        if item_id is None:
            item_id = self._new_item(recorded, asked, expect)
        else:
            self._known[recorded.trace.id] = item_id
        if (item_id, sample.response) in self._answers:
            return
        self._answers.add((item_id, sample.response))
        anchor = {"id": self._unique(f"{item_id}-a1"), "label": label, "item": item_id, "response": sample.response}
        self._new[TO_LABEL if label is None else "anchors.jsonl"].append(anchor)

    def write(self) -> Additions:
        """Write what was taken. Items come first: an anchor names an item that is there.

        Raises:
            GoldenSetError: a file cannot be written. What was written before it stays, and the command can be repeated.
        """
        for name, lines in self._new.items():
            if lines:
                _append(self._golden.directory / name, lines)
        return self.report()

    def report(self) -> Additions:
        """What is, or would be, written."""
        items, anchors, to_label = (tuple(str(line["id"]) for line in lines) for lines in self._new.values())
        return Additions(
            golden_set=self._golden.name, items=items, known=self._known, anchors=anchors, to_label=to_label
        )

    def _new_item(self, recorded: RecordedSample, asked: Mapping[str, Any], expect: Expect) -> str:
        if len(self._golden.items) + len(self._new["items.jsonl"]) >= MOST_ITEMS:
            remedy = f"a set has at most {MOST_ITEMS} items; begin another with `assay golden init`"
            raise ConfigurationError(f"{self._golden.name}: {remedy}")
        item = {
            "id": self._unique(item_name(recorded.trace.id)),
            "expect": expect,
            **{key: value for key, value in asked.items() if value},
            "tags": [PRODUCTION, recorded.use_case.name],
            "source_id": recorded.source_id,
        }
        GoldenItem.model_validate(item)
        self._new["items.jsonl"].append(item)
        self._item_of[_asked(asked)] = str(item["id"])
        return str(item["id"])

    def _unique(self, name: str) -> str:
        stem, number = re.sub(r"(?<=-a)1$", "", name), 2
        while name in self._ids:
            name, number = f"{stem}{'' if stem.endswith('-a') else '-'}{number}", number + 1
        self._ids.add(name)
        return name


def item_name(trace_id: str) -> str:
    """The id of a trace's item: its first characters that a person can type, e.g. `trace-0af7651916cd`."""
    return f"trace-{re.sub(r'[^A-Za-z0-9]', '', trace_id)[:12] or 'x'}"


def _asked_of(sample: Sample) -> dict[str, Any]:
    return {
        "question": sample.question,
        "history": [{"role": turn.role, "content": turn.content} for turn in sample.history],
        "contexts": list(sample.contexts),
    }


def _asked(item: Mapping[str, Any]) -> str:
    """What is asked over which evidence, as one text to compare by."""
    return json.dumps([item["question"], item.get("history") or [], item.get("contexts") or []], sort_keys=True)


def _append(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    kept = read_plain(path).decode() if path.exists() else ""
    begins = "" if not kept or kept.endswith("\n") else "\n"
    added = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    write_text(path, f"{kept}{begins}{added}")
