"""Traces that the store has scores of are not judged again, under whichever names and version these were written."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence

import pytest
from pydantic import JsonValue

from assay.judges.rubric import Rubric, parse_rubric
from assay.worker.flow.already_scored import already_scored
from assay.worker.records.ledger import Promise
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import TraceKey
from tests.builders import NOW, make_trace
from tests.unit.worker.flow.pipeline import promise_of

GROUNDING = Rubric(name="grounding")
CHOOSING = parse_rubric("name: grounding\nwrite: {scores: [hallucination_risk], prefix: a_}", source="r")
MANNERS = parse_rubric(
    "name: manners\nmethod: checks\nchecks: [{score: polite, direction: maximize, any_match: [please]}]", source="r"
)


class ById:
    """A store that can only be asked by id."""

    def __init__(self, *ids: str) -> None:
        self.ids = set(ids)

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        wanted = [key.id for key in keys]
        assert len(wanted) <= 100
        return {i: Score(id=i, trace_id="t", name="n", value=0.0, timestamp=NOW) for i in wanted if i in self.ids}


class ByTrace(ById):
    """A store that can be asked by trace; one that cannot by names."""

    def __init__(self, *scores: tuple[str, str, str]) -> None:
        super().__init__()
        self.scores = scores
        self.cannot = False
        self.asked: list[int | None] = []

    async def scored_traces(
        self, keys: Sequence[TraceKey], names: Sequence[str] | None
    ) -> Mapping[str, Collection[Score]] | None:
        assert len(keys) <= 100
        self.asked.append(None if names is None else len(names))
        if self.cannot and names is not None:
            return None
        told: dict[str, list[Score]] = {}
        for trace_id, name, rubric in self.scores:
            if trace_id in {key.trace_id for key in keys} and (names is None or name in names):
                metadata: dict[str, JsonValue] = {"rubric": rubric, "rubric_hash": "0f"}
                score = Score(id=name, trace_id=trace_id, name=name, value=0.0, timestamp=NOW, metadata=metadata)
                told.setdefault(trace_id, []).append(score)
        return told


def promise(trace_id: str, rubric: Rubric) -> Promise:
    named = {"rubric": rubric.name, "rubric_hash": rubric.content_hash()}
    return promise_of(make_trace(trace_id)).model_copy(update=named)


def known(sink: ById, *promises: Promise, rubric: Rubric = GROUNDING) -> set[tuple[str, str]]:
    return set(asyncio.run(already_scored(promises, {rubric.name: rubric}, sink, "project")))


@pytest.mark.parametrize(
    ("rubric", "own_name"),
    [
        (GROUNDING, "answer_check"),
        (GROUNDING, "grounding_state"),  # as an older Assay wrote it
        (CHOOSING, "hallucination_risk"),
        (CHOOSING, "answer_check"),  # written where there was no risk
        (MANNERS, "polite"),
        (MANNERS, "manners_state"),
    ],
)
def test_any_score_that_every_judged_trace_may_have_tells_it_by_its_id(rubric: Rubric, own_name: str) -> None:
    first, second = promise("t1", rubric), promise("t2", rubric)
    sink = ById(first.score_id("project", own_name))
    assert known(sink, first, second, rubric=rubric) == {(rubric.name, "t1")}


def test_by_trace_a_score_of_an_older_version_or_another_prefix_counts_as_well() -> None:
    sink = ByTrace(
        ("t1", "grounding_state", "grounding"),
        ("t2", "answer_check", "grounding"),
        ("t3", "a_hallucination_risk", "grounding"),
        ("t4", "hallucination_risk", "grounding"),
        ("t5", "answer_check", "grounding-llm"),
        ("t6", "b_faithfulness", "grounding"),
    )
    promises = [promise(f"t{n}", CHOOSING) for n in range(1, 8)]
    assert known(sink, *promises, rubric=CHOOSING) == {("grounding", f"t{n}") for n in (1, 2, 3, 4, 6)}


def test_a_trace_known_for_one_rubric_is_still_asked_about_another() -> None:
    sink = ByTrace(("t1", "answer_check", "grounding"), ("t1", "a_polite", "manners"))
    promises = [promise("t1", GROUNDING), promise("t1", MANNERS)]
    rubrics = {"grounding": GROUNDING, "manners": MANNERS}
    both = asyncio.run(already_scored(promises, rubrics, sink, "project"))
    assert set(both) == {("grounding", "t1"), ("manners", "t1")}


def test_scores_under_any_name_are_asked_for_only_where_names_did_not_tell() -> None:
    sink = ByTrace(("t1", "answer_check", "grounding"))
    assert known(sink, promise("t1", GROUNDING)) == {("grounding", "t1")}
    assert sink.asked == [len(GROUNDING.writable)]


def test_a_server_that_knows_no_names_is_asked_by_id_and_then_by_trace() -> None:
    first = promise("t1", GROUNDING)
    sink = ByTrace(("t2", "a_faithfulness", "grounding"))
    sink.cannot, sink.ids = True, {first.score_id("project", "answer_check")}
    promises = [first, promise("t2", GROUNDING), promise("t3", GROUNDING)]
    assert known(sink, *promises) == {("grounding", "t1"), ("grounding", "t2")}


def test_many_traces_are_asked_for_in_parts() -> None:
    promises = [promise(f"t{n}", GROUNDING) for n in range(250)]
    assert len(known(ByTrace(*((f"t{n}", "answer_check", "grounding") for n in range(250))), *promises)) == 250
    ids = [p.score_id("project", "grounding_state") for p in promises]
    assert len(known(ById(*ids), *promises)) == 250
