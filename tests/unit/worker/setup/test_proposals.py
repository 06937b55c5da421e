"""Selectors that are worked out from traces: right where there is something, none where there is nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.rubric import SamplePaths
from assay.judges.rubric.selectors import parse_selector
from assay.worker.extraction.extract import Extraction, extract
from assay.worker.extraction.survey import PARTS, PartName
from assay.worker.records.traces import Trace
from assay.worker.setup.proposals import Search, propose
from assay.worker.setup.proposals.spots import MOST_VALUES, spots_of
from tests.builders import make_trace
from tests.unit.worker.setup import foreign_shapes
from tests.unit.worker.setup.decoy_shapes import LACKING
from tests.unit.worker.setup.foreign_shapes import SHAPES, Row, Shape, prompt, traces_of

DEFAULT = SamplePaths()


def with_lines(search: Search, paths: SamplePaths = DEFAULT) -> SamplePaths:
    """The chains with all proposed lines in force."""
    for line in sorted(search.proposals, key=lambda line: len(line.chain)):
        paths = paths.model_copy(update={line.part: line.chain})
    return paths


def is_right(part: PartName, extraction: Extraction, truth: Row) -> bool:
    """Whether a part is what the trace was made from, and nothing else."""
    if part == "question":
        return extraction.question is not None and extraction.question.text == truth.question
    if part == "response":
        return extraction.response is not None and extraction.response.text == truth.answer
    texts = [context.text for context in extraction.contexts]
    is_whole = all(any(passage in text for text in texts) for passage in truth.passages)
    return is_whole and all(any(passage in text for passage in truth.passages) for text in texts)


def missing_parts(shape: Shape) -> list[tuple[PartName, bool, bool]]:
    """The parts that the default chains miss in a shape: whether they are right with the lines, and whether wrong."""
    pairs = traces_of(shape)
    search = propose([trace for trace, _ in pairs], DEFAULT)
    results: list[tuple[PartName, bool, bool]] = []
    for part in PARTS:
        found = [bool(getattr(extract(trace, DEFAULT), part)) for trace, _ in pairs]
        if all(found) and not search.buried.get(part):
            continue
        after = [(extract(trace, with_lines(search)), truth) for trace, truth in pairs]
        is_all_right = all(is_right(part, extraction, truth) for extraction, truth in after)
        has_line = any(line.part == part for line in search.proposals)
        results.append((part, is_all_right, has_line and not is_all_right))
    return results


def test_four_of_five_missing_parts_get_the_right_lines() -> None:
    results = [result for shape in SHAPES for result in missing_parts(shape)]
    assert len(results) >= 20, "the default chains learned these shapes: make others"
    assert sum(is_all_right for _, is_all_right, _ in results) >= 0.8 * len(results)


@pytest.mark.parametrize("shape", [foreign_shapes.table_rows, foreign_shapes.json_in_a_string])
def test_objects_without_prose_are_evidence_as_they_stand(shape: Shape) -> None:
    assert ("contexts", True, False) in missing_parts(shape)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_no_line_takes_what_is_something_else(shape: Shape) -> None:
    assert not [part for part, _, is_wrong in missing_parts(shape) if is_wrong]


@pytest.mark.parametrize("count", [1, 2, len(foreign_shapes.ROWS)])
@pytest.mark.parametrize("shape", LACKING, ids=lambda shape: shape.__name__)
def test_nothing_is_proposed_where_nothing_is(shape: Shape, count: int) -> None:
    search = propose([trace for trace, _ in traces_of(shape)[:count]], DEFAULT)
    assert [line for line in search.proposals if line.part in LACKING[shape]] == []


def test_decoys_among_good_traces_do_not_mislead() -> None:
    """A span of one name gives evidence in some traces, and the answer in others: then it is not proposed."""
    good = [trace for trace, _ in traces_of(foreign_shapes.search_then_rerank)]
    bad = []
    for trace, truth in traces_of(foreign_shapes.search_then_rerank):
        steps = [
            step.model_copy(update={"output": {"beste": [{"stueck": truth.answer}]}}) if step.name == "rerank" else step
            for step in trace.observations
        ]
        root = trace.root.model_copy(update={"trace_id": f"bad-{trace.id}"})
        bad.append(trace.model_copy(update={"root": root, "observations": tuple(steps)}))
    assert "span[name=rerank].output.beste[*].stueck" in {line.selector for line in propose(good, DEFAULT).proposals}
    mixed = {line.selector for line in propose([*good, *bad], DEFAULT).proposals}
    assert "span[name=rerank].output.beste[*].stueck" not in mixed


def test_lines_are_ranked_and_their_counts_are_what_extracting_gives() -> None:
    shapes = (foreign_shapes.german_kwargs, foreign_shapes.root_alone, foreign_shapes.metadata_kb)
    traces = [trace for shape in shapes for trace, _ in traces_of(shape)]
    search = propose(traces, DEFAULT)
    gains = [line.gain for line in search.proposals]
    assert gains == sorted(gains, reverse=True)
    assert all(gain > 0 for gain in gains)
    for part in PARTS:
        lines = [line for line in search.proposals if line.part == part]
        if lines:
            found = sum(bool(getattr(extract(trace, with_lines(search)), part)) for trace in traces)
            assert max(line.after for line in lines) == found == len(traces)


def test_with_the_lines_in_force_nothing_more_is_proposed() -> None:
    for shape in SHAPES:
        traces = [trace for trace, _ in traces_of(shape)]
        paths = with_lines(propose(traces, DEFAULT))
        again = propose(traces, paths)
        assert [line.selector for line in again.proposals] == [], shape.__name__


def test_the_prompt_stays_the_last_resort_and_no_evidence_is_lost() -> None:
    odd = [trace for trace, _ in traces_of(foreign_shapes.step_metadata)]
    usual = [make_trace(f"usual-{n}", contexts=(f"The bridge number {n} was opened in 1932.",)) for n in range(4)]
    search = propose([*odd, *usual], DEFAULT)
    lines = [line for line in search.proposals if line.part == "contexts"]
    assert lines
    assert lines[0].chain[-1] == "prompt"
    for trace in usual:
        before = {context.text for context in extract(trace, DEFAULT).contexts}
        assert before <= {context.text for context in extract(trace, with_lines(search)).contexts}


def test_a_question_in_a_whole_prompt_is_told_and_taken_out() -> None:
    pairs = traces_of(foreign_shapes.unknown_letter)
    search = propose([trace for trace, _ in pairs], DEFAULT)
    assert set(search.buried.get("question", ())) <= {trace.id for trace, _ in pairs}
    assert all(is_right("question", extract(trace, with_lines(search)), truth) for trace, truth in pairs)


def test_the_same_text_in_every_run_is_no_question() -> None:
    traces = [
        make_trace(f"t{n}", contexts=(), input={"frage": "Wie geht es heute?", "lauf": n}, output=f"Gut, Nummer {n}!")
        for n in range(5)
    ]
    assert [line for line in propose(traces, DEFAULT).proposals if line.part == "question"] == []


def test_a_place_that_often_holds_an_id_is_no_question_and_a_rare_number_does_no_harm() -> None:
    for ids, is_proposed in ((3, False), (1, True)):
        texts = ["Wie lange gilt die Garantie?", "Was kostet der Versand?", "Wer liefert nach Wien?", "Wann kommt es?"]
        texts += ["Wo liegt die Filiale?", "Wie spät ist es dort?", "Gibt es Rabatt?"][: 10 - ids]
        texts += [f"{n}-4711" for n in range(ids)]
        traces = [
            make_trace(f"t{n}", contexts=(), input={"zq": text, "lauf": str(n)}, output=f"So ist es, {n} mal.")
            for n, text in enumerate(texts)
        ]
        call = {"id": "g", "type": "generation", "start": traces[0].root.start, "output": "So."}
        traces = [
            Trace.model_validate(
                {**t.model_dump(), "observations": [{**call, "input": {"x": [t.input["zq"], "Sei nett."]}}]}  # type: ignore[index,call-overload]
            )
            for t in traces
        ]
        lines = [line.selector for line in propose(traces, DEFAULT).proposals if line.part == "question"]
        assert ("root.input.zq" in lines) == is_proposed


def test_no_time_means_no_lines_and_it_is_said() -> None:
    traces = [trace for trace, _ in traces_of(foreign_shapes.german_kwargs)]
    search = propose(traces, DEFAULT, budget_s=0.0)
    assert (search.proposals, search.is_whole) == ((), False)


def test_a_huge_trace_is_looked_at_in_part() -> None:
    many = {"steps": [{"k": {"text": f"item {n}"}} for n in range(50_000)]}
    spots = spots_of(make_trace(input=many))
    assert sum(len(spot.values) for spot in spots.values()) <= MOST_VALUES


def test_deep_nesting_ends() -> None:
    value: Any = "a question at the very bottom, is it?"
    for _ in range(100):
        value = {"a": value}
    assert propose([make_trace(input=value, contexts=())], DEFAULT).is_whole


def test_a_key_of_a_hostile_trace_is_written_so_that_it_can_be_read() -> None:
    keys = ["it's", 'say "x"', "a.b", "[0]", "back\\slash", "ein schlüssel", "${HOME}", "new\nline", "]", "*"]
    for key in keys:
        for selector in spots_of(make_trace(input={key: "Is this a question?"})):
            parse_selector(selector)
            assert "${" not in selector
            assert "\n" not in selector


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=40)
    | st.sampled_from(["Is it so, then?", "It is so."]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


@given(st.lists(st.tuples(json_values, json_values, json_values), min_size=1, max_size=4))
def test_whatever_is_in_a_trace_lines_only_add(contents: list[tuple[Any, Any, Any]]) -> None:
    traces: list[Trace] = []
    for number, (given_in, given_out, metadata) in enumerate(contents):
        trace = make_trace(f"t{number}", contexts=(), input=given_in, output=given_out)
        root = trace.root.model_copy(update={"metadata": {"m": metadata}})
        traces.append(trace.model_copy(update={"root": root}))
    search = propose(traces, DEFAULT)
    paths = with_lines(search)
    SamplePaths.model_validate(paths.model_dump())
    for part in PARTS:
        before = sum(bool(getattr(extract(trace, DEFAULT), part)) for trace in traces)
        after = sum(bool(getattr(extract(trace, paths), part)) for trace in traces)
        assert after >= before
    assert all(line.after > line.before for line in search.proposals)


def test_prompt_is_what_the_shapes_say() -> None:
    """The shapes' prompt holds the passages under no mark: else the default chains would find them there."""
    row = foreign_shapes.ROWS[0]
    trace = make_trace(input=row.question, output=row.answer, contexts=())
    step = {"id": "g", "start": trace.root.start, **{k: v for k, v in prompt(row).items() if k != "at"}}
    trace = Trace.model_validate({**trace.model_dump(), "observations": [step]})
    assert extract(trace, DEFAULT).contexts == ()
