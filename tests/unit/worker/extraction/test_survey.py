"""Counting where parts are found: by shape, with a reason and one trace's id."""

from __future__ import annotations

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.survey import NOTHING_AT, general, shape_of, survey
from assay.worker.records.traces import Observation
from tests.builders import NOW, make_trace

DEFAULT = SamplePaths()


def test_a_shape_has_no_ids_numbers_or_texts() -> None:
    shapes = set()
    for number in range(3):
        step = Observation(id=f"s{number}", type="SPAN", name=f"lookup-{number}a3f9c2d4e5b6", start=NOW)
        trace = make_trace(
            input={"kwargs": {"frage": f"Text {number}", "k": number}, "args": []},
            output=[{"text": f"Answer {number}"}],
            observations=(step,),
        )
        shapes.add(shape_of(trace))
    assert len(shapes) == 1
    assert shapes.pop().startswith("input {args, kwargs {frage, k}}, output list of {text}; span lookup-*")


def test_a_key_that_is_a_text_is_not_shown() -> None:
    texts = ["How long is the warranty of my jacket?", "Where do I send the receipt for the tent?"]
    shapes = {shape_of(make_trace(input={text: 1}, contexts=())) for text in texts}
    assert shapes == {"input {*}, output {answer}; no steps"}


def test_json_in_a_string_has_the_shape_of_what_it_holds() -> None:
    assert shape_of(make_trace(input='{"q": "Why?"}', contexts=())).startswith("input {q}, ")


def test_a_shape_of_many_keys_and_steps_is_short() -> None:
    steps = tuple(Observation(id=f"s{n}", name=f"step {'abcdefghij'[n]}", start=NOW) for n in range(10))
    wide = {f"key_{chr(97 + n)}" * 30: n for n in range(26)}
    assert len(shape_of(make_trace(input=wide, output=wide, observations=steps))) < 1_200


def test_what_is_missing_is_counted_by_shape_with_an_example() -> None:
    good = [make_trace(f"good-{n}") for n in range(3)]
    bad = [make_trace(f"bad-{n}", contexts=(), input={"a": "x", "b": "y"}) for n in range(2)]
    seen = survey([*good, *bad], DEFAULT)
    assert (seen.traces, seen.count("contexts"), seen.count("question")) == (5, 3, 3)
    first, second = seen.shapes
    assert (first.traces, first.missing) == (3, {})
    assert (second.traces, second.missing) == (2, {"question": 2, "contexts": 2})
    assert second.examples["contexts"].startswith("bad-")
    assert second.reasons["contexts"].startswith(NOTHING_AT)


def test_what_is_buried_in_something_larger_counts_as_missing_and_is_told_so() -> None:
    trace = make_trace("t1")
    seen = survey([trace], DEFAULT, {"question": ("t1",)})
    assert seen.count("question") == 0
    assert seen.shapes[0].reasons["question"].startswith("only inside a larger text, at root.input")


def test_nothing_looked_at_is_no_share() -> None:
    assert survey([], DEFAULT).traces == 0


def test_a_place_is_general() -> None:
    assert general("retriever 'kb 7' (bbbbbbbb).output[3].text") == "retriever.output[*].text"
