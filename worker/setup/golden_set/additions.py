"""From failure to golden set: traces of production become items, and their answers anchors."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.golden.sets.files import GoldenSetError, read_plain, write_text
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.golden.sets.verify import asked_text
from assay.worker.setup.golden_set.content import MOST_ITEMS
from assay.worker.setup.golden_set.labelling import read_waiting, write_waiting
from assay.worker.setup.golden_set.writing import TO_LABEL
from assay.worker.setup.recorded_samples import RecordedSample

ITEMS, ANCHORS = "items.jsonl", "anchors.jsonl"

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
        contradicted: anchors that say the opposite of the label that was given, by trace id. They stay as they are.
        without_evidence: new items that have none, since their traces recorded none.
    """

    golden_set: str
    items: tuple[str, ...] = ()
    known: dict[str, str] = Field(default_factory=dict)
    anchors: tuple[str, ...] = ()
    to_label: tuple[str, ...] = ()
    contradicted: dict[str, str] = Field(default_factory=dict)
    without_evidence: tuple[str, ...] = ()


class SetAdditions:
    """Puts recorded samples into a set that lies there, without touching a line of it."""

    def __init__(self, golden: GoldenSet) -> None:
        self._golden = golden
        self._item_of = {asked_text(item): item.id for item in golden.items}
        self._waiting: Lines = read_waiting(golden.directory) if (golden.directory / TO_LABEL).exists() else []
        self._anchor_of: dict[tuple[str, str], tuple[str, int | None]] = {
            (answer["item"], answer["response"]): (str(answer["id"]), None) for answer in self._waiting
        }
        by_item = [anchor for anchor in golden.anchors if anchor.item is not None and anchor.response is not None]
        self._anchor_of |= {(a.item or "", a.response or ""): (a.id, a.label) for a in by_item}
        self._ids = {item.id for item in golden.items} | {anchor.id for anchor in golden.anchors}
        self._ids |= {str(answer["id"]) for answer in self._waiting}
        self._new: dict[str, Lines] = {ITEMS: [], ANCHORS: [], TO_LABEL: []}
        self._known: dict[str, str] = {}
        self._contradicted: dict[str, str] = {}
        self._is_labelled = False

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
        item = GoldenItem.model_validate(self._item(recorded, expect))
        item_id = self._item_of.get(asked_text(item))
        if item_id is None:
            item_id = self._new_item(item)
        else:
            self._known[recorded.trace.id] = item_id
        anchor_id, known = self._anchor_of.get((item_id, sample.response), ("", None))
        if not anchor_id:
            self._new_answer(item_id, sample.response, label)
        elif label is not None and known is None:
            self._label_waiting(anchor_id, label)
        elif label is not None and label != known:
            self._contradicted[recorded.trace.id] = anchor_id

    def write(self) -> Additions:
        """Write what was taken. Items come first: an anchor names an item that is there.

        Raises:
            GoldenSetError: a file cannot be written. What was written before it stays, and the command can be repeated.
        """
        for name in (ITEMS, ANCHORS):
            if self._new[name]:
                _append(self._golden.directory / name, self._new[name])
        if self._is_labelled:
            write_waiting(self._golden.directory, [*self._waiting, *self._new[TO_LABEL]])
        elif self._new[TO_LABEL]:
            _append(self._golden.directory / TO_LABEL, self._new[TO_LABEL])
        return self.report()

    def report(self) -> Additions:
        """What is, or would be, written."""
        items, anchors, to_label = (tuple(str(line["id"]) for line in lines) for lines in self._new.values())
        return Additions(
            golden_set=self._golden.name,
            items=items,
            known=self._known,
            anchors=anchors,
            to_label=to_label,
            contradicted=self._contradicted,
            without_evidence=tuple(str(line["id"]) for line in self._new[ITEMS] if not line.get("contexts")),
        )

    def _item(self, recorded: RecordedSample, expect: Expect) -> dict[str, Any]:
        sample = recorded.sample
        asked = {
            "question": sample.question,
            "history": [{"role": turn.role, "content": turn.content} for turn in sample.history],
            "contexts": list(sample.contexts),
        }
        return {
            "id": item_name(recorded.trace.id),
            "expect": expect,
            **{key: value for key, value in asked.items() if value},
            "tags": [PRODUCTION, recorded.use_case.name],
            "source_id": recorded.source_id,
        }

    def _new_item(self, item: GoldenItem) -> str:
        if len(self._golden.items) + len(self._new[ITEMS]) >= MOST_ITEMS:
            remedy = f"a set has at most {MOST_ITEMS} items; begin another with `assay golden init`"
            raise ConfigurationError(f"{self._golden.name}: {remedy}")
        item = item.model_copy(update={"id": self._unique(item.id)})
        self._new[ITEMS].append(item.model_dump(mode="json", exclude_unset=True))
        self._item_of[asked_text(item)] = item.id
        return item.id

    def _new_answer(self, item_id: str, response: str, label: Literal[0, 1] | None) -> None:
        anchor_id = self._unique(f"{item_id}-a1")
        self._anchor_of[item_id, response] = (anchor_id, label)
        answer = {"id": anchor_id, "label": label, "item": item_id, "response": response}
        self._new[TO_LABEL if label is None else ANCHORS].append(answer)

    def _label_waiting(self, anchor_id: str, label: Literal[0, 1]) -> None:
        """Make an anchor of an answer that waited for a label."""
        for waiting in (self._waiting, self._new[TO_LABEL]):
            answer = next((line for line in waiting if line["id"] == anchor_id), None)
            if answer is not None:
                waiting.remove(answer)
                self._is_labelled = True
                self._new[ANCHORS].append({**answer, "label": label})
                self._anchor_of[answer["item"], answer["response"]] = (anchor_id, label)

    def _unique(self, name: str) -> str:
        stem, number = re.sub(r"(?<=-a)1$", "", name), 2
        while name in self._ids:
            name, number = f"{stem}{'' if stem.endswith('-a') else '-'}{number}", number + 1
        self._ids.add(name)
        return name


@contextmanager
def changing(directory: Path) -> Iterator[None]:
    """Held while a command changes a set: two at once would take the same ids.

    Raises:
        GoldenSetError: another command changes it, or the directory cannot be read.
    """
    try:
        held = os.open(directory, os.O_RDONLY)
    except OSError as exc:
        raise GoldenSetError(directory, "directory", f"cannot be read ({exc.strerror})") from exc
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as exc:
        raise GoldenSetError(directory, "set", "another command is changing it; try again when that is done") from exc
    finally:
        os.close(held)


def item_name(trace_id: str) -> str:
    """The id of a trace's item: its first characters that a person can type, e.g. `trace-0af7651916cd`."""
    return f"trace-{re.sub(r'[^A-Za-z0-9]', '', trace_id)[:12] or 'x'}"


def _append(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    kept = read_plain(path).decode() if path.exists() else ""
    begins = "" if not kept or kept.endswith("\n") else "\n"
    added = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    write_text(path, f"{kept}{begins}{added}")
