"""A set out of flagged traces: questions become items, answers wait for a label, and nothing is made up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from assay.judges.redaction.policy import Redaction
from assay.worker.golden.sets.manifest import Anchor, GoldenItem
from assay.worker.ports.source import Fetched
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.setup.golden_set.content import SetContent
from assay.worker.setup.golden_set.flagged import flagged_content
from tests.unit.worker.flow.pipeline import RUBRIC
from tests.unit.worker.reporting.flagged.lines import judged, ranked, trace

NOTHING = Redaction()


def content(traces: Sequence[Trace], *, lost: Sequence[str] = ()) -> SetContent:
    line = judged(traces)
    ranking = ranked(line)

    class Store:
        """The store after some of its traces are gone."""

        async def project_id(self) -> str:
            return await line.store.project_id()

        async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
            there = await line.store.fetch_traces(keys)
            return {name: value for name, value in there.items() if name not in lost}

    made = asyncio.run(flagged_content(ranking.worst, Store(), {RUBRIC.name: RUBRIC}, lambda _: NOTHING))
    for item in made.items:
        GoldenItem.model_validate(item)
    for answer in made.unlabelled:
        Anchor.model_validate({**{key: answer[key] for key in ("id", "item", "response")}, "label": 1})
    return made


def test_the_worst_come_first_with_question_evidence_and_answer() -> None:
    made = content([trace("t-60"), trace("t-95"), trace("t-10")])
    assert [item["question"] for item in made.items] == ["When, t-95?", "When, t-60?"]
    assert made.items[0]["contexts"] == ["Opened in 1932.", "Dogs pay 2 euros."]
    assert made.items[0]["expect"] == "answer"
    (first, _) = made.unlabelled
    assert first["response"] == "It opened in 1932. Dogs travel free."
    assert first["label"] is None
    assert set(first) == {"id", "label", "item", "response"}  # nothing of what the judge said
    assert made.anchors == made.answers == []
    assert any("label right ones, too" in note for note in made.notes)


def test_the_same_question_over_the_same_evidence_is_one_item_with_several_answers() -> None:
    same = {"input": {"question": "When did it open?"}}  # what makes the first two one item
    made = content([trace("t-60").model_copy(update=same), trace("t-70").model_copy(update=same), trace("t-80")])
    assert sorted(str(item["question"]) for item in made.items) == ["When did it open?", "When, t-80?"]
    item = next(item for item in made.items if item["question"] == "When did it open?")
    assert [answer["id"] for answer in made.unlabelled if answer["item"] == item["id"]] == [
        f"{item['id']}-a1",
        f"{item['id']}-a2",
    ]


def test_turns_of_one_session_share_their_source() -> None:
    made = content([trace("t-60", session_id="s"), trace("t-70", session_id="s"), trace("t-80")])
    assert sorted(item["source_id"] for item in made.items) == ["s", "s", "t-80"]


@pytest.mark.parametrize("gone", ["t-60", "t-95"])
def test_a_trace_that_the_store_has_no_more_is_told(gone: str) -> None:
    made = content([trace("t-60"), trace("t-95")], lost=[gone])
    assert len(made.items) == len(made.unlabelled) == 1
    assert any(note.startswith("1 traces left out") for note in made.notes)


def test_nothing_flagged_is_an_empty_content() -> None:
    made = content([trace("t-10")])
    assert (made.items, made.notes) == ([], [])
