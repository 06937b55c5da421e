"""How likely a sampler before the store kept a trace: what spans tell, and that nothing else is believed."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from assay.worker.extraction.upstream_sampling import (
    LEAST,
    TRACE_STATE,
    of_trace_state,
    probability_told,
    upstream_probability,
)
from assay.worker.records.traces import Trace
from tests.builders import make_trace
from tests.unit.worker.statistics.vectors import vector


def state(text: JsonValue) -> dict[str, JsonValue]:
    return {TRACE_STATE: text}


def test_the_published_thresholds_come_out() -> None:
    """The adjusted count is 1/π. A random number below the threshold contradicts it: nothing was kept by that."""
    case = vector("otel-threshold")
    expected = case["expected"]
    random = case["input"]["trace_id"][-14:]
    assert random == expected["R_hex"]
    for probability in case["input"]["probabilities"]:
        name = str(probability)
        threshold = expected["T_hex"][name].rstrip("0") or "0"
        told = of_trace_state(f"ot=th:{threshold}")
        assert told is not None
        assert 1 / told == pytest.approx(expected["adjusted_count"][name], abs=case["tol"])
        consistent = of_trace_state(f"ot=th:{threshold};rv:{random}")
        assert (consistent is not None) == expected["keep"][name]
        assert consistent in (told, None)


@pytest.mark.parametrize(
    ("text", "probability"),
    [
        ("ot=th:c", 0.25),
        ("ot=th:0", 1.0),
        ("ot=th:8", 0.5),
        ("ot=th:c0000000000000", 0.25),
        ("ot=th:c;rv:ffffffffffffff", 0.25),
        ("ot=rv:d29d6a7215ced0;th:c", 0.25),
        ("ot=th:c;foo:Bar-1", 0.25),
        ("congo=t61rcWkgMzE,ot=th:c", 0.25),
        ("ot=th:c , rojo=00f067aa0ba902b7", 0.25),
        ("\trojo=1, ot=th:c\t", 0.25),
        ("tenant@ot=th:8,ot=th:c", 0.25),
        ("ot=p:2;r:3", 0.25),
        ("ot=p:0", 1.0),
    ],
)
def test_a_trace_state_tells(text: str, probability: float) -> None:
    assert of_trace_state(text) == probability


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ot=",
        "ot",
        "th:c",
        "ot=th:",
        "ot=th:C",
        "ot=th:g",
        "ot=th:-1",
        "ot=th:0xc",
        "ot=th:c ;x",
        "ot=th:c;th:0",
        "ot=th:c,ot=th:0",
        "ot=th:123456789abcdef",
        "ot=th:ffffffffffffff",
        "ot=th:c;rv:00000000000001",
        "ot=th:c;rv:xyz",
        "ot=th:c;rv:d29d6a7215ced",
        "ot=th:\u0663",
        "ot=rv:d29d6a7215ced0",
        "ot=p:63",
        "ot=p:-1",
        "ot=p:\u0663",
        "OT=th:c",
        "tenant@ot=th:c",
        "vendor=ot=th:c",
        "congo=th:c",
        "ot=th:c," * 2000,
        "x" * 5000 + ",ot=th:c",
    ],
)
def test_what_is_malformed_or_not_ours_is_unknown(text: str) -> None:
    assert of_trace_state(text) is None


@given(
    text=st.text()
    | st.from_regex(r"(a=b, ?)?ot=(th:[0-9a-fA-F]{0,16})?(;(rv|p|th):[0-9a-f]{0,15}){0,3}(,c=d)?", fullmatch=True)
)
def test_any_text_is_a_probability_or_unknown(text: str) -> None:
    told = of_trace_state(text)
    assert told is None or LEAST <= told <= 1


@given(steps=st.integers(0, 2**56 - 1), random=st.integers(0, 2**56 - 1))
def test_any_threshold_is_read_and_checked_by_its_random_number(steps: int, random: int) -> None:
    threshold = f"{steps:014x}".rstrip("0") or "0"
    probability = 1 - steps / 2**56
    told = of_trace_state(f"ot=th:{threshold}")
    assert (told is None) == (probability < LEAST)
    assert told is None or math.isclose(told, probability, rel_tol=1e-9)
    assert of_trace_state(f"ot=th:{threshold};rv:{random:014x}") == (told if random >= steps else None)


@pytest.mark.parametrize(
    ("attributes", "probability"),
    [
        ({"SampleRate": 4}, 0.25),
        ({"SampleRate": "4"}, 0.25),
        ({"SampleRate": 1.0}, 1.0),
        ({"SampleRate": 0}, None),
        ({"SampleRate": -4}, None),
        ({"SampleRate": True}, None),
        ({"SampleRate": "many"}, None),
        ({"SampleRate": "nan"}, None),
        ({"SampleRate": "inf"}, None),
        ({"SampleRate": 10**400}, None),
        ({"SampleRate": [4]}, None),
        ({"attributes.SampleRate": 4}, 0.25),
        ({"attributes": {"SampleRate": 4}}, 0.25),
        ({"attributes": ["SampleRate"]}, None),
        ({"sampler.type": "probabilistic", "sampler.param": 0.1}, 0.1),
        ({"sampler.type": "probabilistic", "sampler.param": "0.1"}, 0.1),
        ({"sampler.type": "probabilistic", "sampler.param": 2}, None),
        ({"sampler.type": "probabilistic"}, None),
        ({"sampler.type": "const", "sampler.param": True}, 1.0),
        ({"sampler.type": "ratelimiting", "sampler.param": 1.0}, None),
        ({"sampling.priority": 1}, None),
        ({TRACE_STATE: "ot=th:c", "SampleRate": 10}, 0.25),
        ({TRACE_STATE: "congo=1", "SampleRate": 10}, 0.1),
        ({TRACE_STATE: "ot=th:X", "SampleRate": 10}, None),
        ({TRACE_STATE: 7}, None),
        ({}, None),
    ],
)
def test_other_attributes_tell(attributes: dict[str, Any], probability: float | None) -> None:
    assert probability_told(attributes) == probability


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=4)


@given(
    values=st.fixed_dictionaries(
        {}, optional=dict.fromkeys((TRACE_STATE, "SampleRate", "sampler.type", "sampler.param", "attributes"), JSON)
    )
)
def test_any_attributes_are_a_probability_or_unknown(values: dict[str, Any]) -> None:
    told = probability_told(values)
    assert told is None or LEAST <= told <= 1


def with_states(root: dict[str, JsonValue], **below: tuple[str | None, dict[str, JsonValue]]) -> Trace:
    """A trace whose steps have these parents and metadata."""
    trace = make_trace("t1", metadata=root, observation_id="r")
    (step,) = trace.observations
    steps = [
        step.model_copy(update={"id": name, "parent_id": parent, "metadata": metadata})
        for name, (parent, metadata) in below.items()
    ]
    return trace.model_copy(update={"observations": tuple(steps)})


def test_the_root_counts_and_else_the_spans_nearest_to_it() -> None:
    quarter, half, all_of_them = state("ot=th:c"), state("ot=th:8"), state("ot=th:0")
    assert upstream_probability(with_states(quarter, a=("r", half))) == 0.25
    assert upstream_probability(with_states({}, a=("r", {}), b=("a", half), c=("b", quarter))) == 0.5
    assert upstream_probability(with_states({}, a=("r", half), b=("a", quarter))) == 0.5
    assert upstream_probability(with_states({}, a=("r", half), b=("r", half), c=(None, {}))) == 0.5
    assert upstream_probability(with_states({}, a=("r", half), b=("r", all_of_them))) is None, "they disagree"
    assert upstream_probability(with_states(state("ot=th:X"), a=("r", half))) is None, "the root's own is malformed"
    assert upstream_probability(with_states({}, a=("b", half), b=("a", half))) is None, "a circle hangs on nothing"
    assert upstream_probability(with_states({}, a=("r", {}))) is None
