"""The facts of a trace: each call once, and unknown where nobody said."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from assay.judges.prices import PriceTable
from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import extract
from assay.worker.extraction.facts import facts_of
from assay.worker.extraction.names.facts import NAMINGS
from assay.worker.records.facts import TraceFacts
from assay.worker.records.traces import Observation, Tokens, Trace
from tests.builders import NOW, make_trace

PRICES = PriceTable.parse(
    "checked: 2026-11\nmodels:\n  small: {input: 1.0, cached_input: 0.5, output: 10.0}\n", source="prices.yaml"
)


def tokens(given: int | None = 100, answered: int | None = 10, **more: int) -> Tokens:
    return Tokens(input=given, output=answered, **more)


def step(step_id: str, parent: str | None = None, *, at: float = 0, lasts: float = 1, **fields: Any) -> Observation:
    """A model call that took 100 and 10 tokens, unless told otherwise; `at` and `lasts` in seconds."""
    start = NOW + timedelta(seconds=at)
    made: dict[str, Any] = {"type": "generation", "name": step_id, "usage": tokens(), **fields}
    return Observation(id=step_id, parent_id=parent, start=start, end=start + timedelta(seconds=lasts), **made)


def trace_of(*steps: Observation, **over: Any) -> Trace:
    return make_trace(observations=steps, start=NOW, end=NOW + timedelta(seconds=9), **over)


def took(*steps: Observation, **over: Any) -> tuple[int | None, int | None, int | None]:
    facts = facts_of(trace_of(*steps, **over))
    return facts.model_calls, facts.input_tokens, facts.output_tokens


USAGE: dict[str, JsonValue] = {"prompt_tokens": 100, "completion_tokens": 7}
NESTED: list[tuple[str, tuple[Observation, ...], tuple[int | None, int | None, int | None]]] = [
    ("two calls beside one another", (step("a"), step("b", at=2)), (2, 200, 20)),
    ("a framework's step around the client's", (step("a"), step("b", "a")), (1, 100, 10)),
    (
        "three steps of one call, the innermost has the counts",
        (step("a", usage=None), step("b", "a", usage=None), step("c", "b")),
        (1, 100, 10),
    ),
    ("only the outer step has the counts", (step("a"), step("b", "a", usage=None)), (1, 100, 10)),
    (
        "an agent with the sum of its calls",
        (step("g", type="agent", usage=tokens(200, 20)), step("a", "g"), step("b", "g", at=2)),
        (2, 200, 20),
    ),
    (
        "an agent with the sum, and one of its calls without counts",
        (step("g", type="agent", usage=tokens(200, 20)), step("a", "g"), step("b", "g", at=2, usage=None)),
        (2, 200, 20),
    ),
    (
        "an agent without a sum, and one of its calls without counts",
        (step("g", type="agent", usage=None), step("a", "g"), step("b", "g", at=2, usage=None)),
        (2, None, None),
    ),
    (
        "an agent behind a tool, whose tokens the sum above leaves out",
        (
            step("g", type="agent", usage=tokens(100, 10)),
            step("a", "g"),
            step("t", "g", type="tool", usage=None),
            step("b", "t", usage=tokens(500, 50)),
        ),
        (2, 600, 60),
    ),
    (
        "an agent behind a tool, whose tokens the sum above holds",
        (
            step("g", type="agent", usage=tokens(600, 60)),
            step("a", "g"),
            step("t", "g", type="tool", usage=None),
            step("b", "t", usage=tokens(500, 50)),
        ),
        (2, 600, 60),
    ),
    (
        "a tool that a model call ran itself",
        (step("a"), step("t", "a", type="tool", usage=None), step("b", "t", usage=tokens(500, 50))),
        (2, 600, 60),
    ),
    (
        "two recorders side by side",
        (step("client.chat", lasts=3), step("sdk.create", at=1)),
        (1, 100, 10),
    ),
    ("the same step twice at once", (step("part 1", lasts=3), step("part 2", at=1)), (2, 200, 20)),
    ("parallel calls that differ", (step("a", lasts=3), step("b", at=1, usage=tokens(99, 10))), (2, 199, 20)),
    (
        "an embedding and a retriever with counts of their own",
        (step("e", type="embedding"), step("r", type="retriever"), step("a")),
        (1, 100, 10),
    ),
    ("a model that ranks under a retriever", (step("r", type="retriever"), step("a", "r"), step("b")), (2, 200, 20)),
    ("a call that failed, and its retry", (step("a", usage=None, level="ERROR"), step("b", at=2)), (2, 100, 10)),
    ("only a call that failed", (step("a", usage=None, level="ERROR"),), (1, None, None)),
    ("a call with counts of 0", (step("a", usage=tokens(0, 0)),), (1, None, None)),
    ("an answer of no token", (step("a", usage=tokens(100, 0)),), (1, 100, 0)),
    ("no token counted of a text", (step("a", usage=tokens(100, 0), output="Yes."),), (1, 100, None)),
    (
        "no token counted of a call of a tool",
        (step("a", usage=tokens(100, 0), output={"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]}),),
        (1, 100, None),
    ),
    (
        "a message without words",
        (step("a", usage=tokens(100, 0), output={"role": "assistant", "content": "", "finish_reason": "stop"}),),
        (1, 100, 0),
    ),
    (
        "no token counted, and the text in attributes",
        (step("a", usage=tokens(100, 0), metadata={"gen_ai.completion": [{"role": "assistant", "content": "Yes."}]}),),
        (1, 100, None),
    ),
    (
        "no token in the column, all in the attributes",
        (
            step(
                "a",
                usage=tokens(100, 0),
                output="Yes.",
                metadata={"usage": {"prompt_tokens": 100, "completion_tokens": 7}},
            ),
        ),
        (1, 100, 7),
    ),
    ("more cached than went in", (step("a", usage=tokens(100, 10, cached=300)),), (1, 400, 10)),
    ("more reasoning than came out", (step("a", usage=tokens(100, 10, reasoning=50)),), (1, 100, 60)),
    ("all from the cache", (step("a", usage=tokens(0, 10, cached=300)),), (1, 300, 10)),
    ("no model call", (step("r", type="retriever", usage=None),), (None, None, None)),
    ("nothing at all", (), (None, None, None)),
    ("a step that only prepares a call", (step("OpenAI._prepare_chat", usage=None), step("a")), (1, 100, 10)),
    ("a circle", (step("a", "b"), step("b", "a")), (1, 100, 10)),
    ("a step that is its own parent", (step("a", "a"),), (1, 100, 10)),
]


@pytest.mark.parametrize(("about", "steps", "expected"), NESTED, ids=[about for about, _, _ in NESTED])
def test_a_call_is_counted_once(
    about: str, steps: tuple[Observation, ...], expected: tuple[int | None, int | None, int | None]
) -> None:
    assert took(*steps) == expected
    assert took(*reversed(steps)) == expected, f"{about}: the order of the steps counts for nothing"


WORDLESS: list[tuple[str, dict[str, Any]]] = [
    ("by its model", {"model": "text-embedding-3-small"}),
    ("by the model's family", {"model": "BAAI/bge-m3"}),
    ("by the model in its attributes", {"metadata": {"gen_ai.request.model": "gemini-embedding-001"}}),
    ("by its operation", {"metadata": {"gen_ai.operation.name": "embeddings"}}),
    ("by the type of its request", {"metadata": {"llm.request.type": "embedding"}}),
    ("by its vector", {"output": [[0.25, -0.5, 0.125]]}),
    ("by its vectors in an object", {"output": {"data": [{"embedding": [0.25, -0.5]}]}}),
    ("by its name", {"name": "OpenAI-embedding"}),
    ("a reranker", {"model": "rerank-english-v3.0"}),
    ("a moderation", {"model": "omni-moderation-latest", "output": {"flagged": False}}),
]


@pytest.mark.parametrize(("about", "fields"), WORDLESS, ids=[about for about, _ in WORDLESS])
@pytest.mark.parametrize("usage", [tokens(50, None), tokens(50, 0), None])
def test_call_of_a_model_that_never_writes_is_no_model_call(
    about: str, fields: dict[str, Any], usage: Tokens | None
) -> None:
    wordless = step("e", **{"usage": usage, **fields})
    answer = step("a", at=2, model="small", output="Yes, within 30 days.")
    facts = facts_of(trace_of(wordless, answer), None, PRICES)
    assert (facts.model_calls, facts.input_tokens, facts.output_tokens) == (1, 100, 10), about
    assert facts.cost_usd == pytest.approx(200e-6)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "embed_and_answer"},
        {"name": "embedding", "output": "Yes, within 30 days."},
        {"model": "gpt-4o", "name": "rerank"},
        {"model": "gpt-4o", "output": [1, 2, 3]},
        {"model": "ft:gpt-4o:e55"},
    ],
)
def test_silent_call_of_a_model_that_writes_leaves_the_sum_unknown(fields: dict[str, Any]) -> None:
    assert took(step("e", **{"usage": None, **fields}), step("a", at=2))[1:] == (None, None)


def test_model_that_embeds_counts_where_it_tells_an_output() -> None:
    assert took(step("e", model="embed-chat"), step("a", at=2)) == (2, 200, 20)


def test_root_that_shows_an_answer_of_no_counted_token_says_no_output() -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 0}
    assert took(metadata={"usage": usage}, output="Yes.") == (None, 100, None)
    assert took(metadata={"usage": usage}, output=None) == (None, 100, 0)


def test_sum_in_the_attributes_of_the_root_counts_where_its_calls_have_none() -> None:
    attributes = {"gen_ai.usage.input_tokens": 300, "gen_ai.usage.output_tokens": 30}
    assert took(step("a", usage=None), metadata=attributes) == (1, 300, 30)
    assert took(step("a"), step("b", at=2), metadata={"gen_ai.usage.input_tokens": 200}) == (2, 200, 20)


def test_root_says_what_its_call_took_where_no_call_was_recorded() -> None:
    """A line of a log, with everything in the metadata of the trace."""
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    said = {"usage": usage, "model": "small", "finish_reason": "stop", "prompt_name": "qa", "prompt_version": 3}
    facts = facts_of(make_trace(metadata=said), None, PRICES)
    assert (facts.input_tokens, facts.output_tokens, facts.model_calls) == (100, 10, None)
    assert (facts.model_asked, facts.finish_reason, facts.prompt_name, facts.prompt_version) == (
        "small", "stop", "qa", "3",
    )  # fmt: skip
    assert facts.cost_from == "prices"
    assert facts.cost_usd == pytest.approx(200e-6)
    with_call = facts_of(trace_of(step("a", model="large"), metadata=said), None, PRICES)
    assert (with_call.model_asked, with_call.cost_usd) == ("large", None)


def test_cost_is_the_traces_own_before_it_is_a_price() -> None:
    priced = facts_of(trace_of(step("a", model="small")), None, PRICES)
    assert priced.cost_from == "prices"
    assert priced.cost_usd == pytest.approx(200e-6)
    told = facts_of(trace_of(step("a", model="small", cost_usd=0.5)), None, PRICES)
    assert (told.cost_usd, told.cost_from) == (0.5, "trace")
    mixed = facts_of(trace_of(step("a", model="small", cost_usd=0.5), step("b", at=2, model="small")), None, PRICES)
    assert mixed.cost_from == "mixed"
    assert mixed.cost_usd == pytest.approx(0.5002)


@pytest.mark.parametrize(
    "unpriced",
    [
        step("b", at=2, model="unheard-of"),
        step("b", at=2, model="unheard-of", cost_usd=0.0),
        step("b", at=2),
        step("b", at=2, model="small", usage=tokens(100, None)),
        step("b", at=2, model="small", usage=None),
        step("b", at=2, model="small", type="agent"),
    ],
)
def test_cost_is_unknown_where_one_call_has_no_price(unpriced: Observation) -> None:
    facts = facts_of(trace_of(step("a", model="small"), unpriced), None, PRICES)
    assert (facts.cost_usd, facts.cost_from) == (None, None)


def test_cached_tokens_cost_less() -> None:
    cached = step("a", model="small", usage=tokens(100, 10, cached=80))
    assert facts_of(trace_of(cached), None, PRICES).cost_usd == pytest.approx((20 + 40 + 100) * 1e-6)


def test_model_is_that_of_the_call_that_wrote_the_answer() -> None:
    root = {"output": "The bridge was opened in 1932."}
    answer = step("a", model="large", output=root["output"], metadata={"finish_reason": "end_turn"})
    title = step("title", at=3, model="tiny", output="Bridge", metadata={"finish_reason": "length"})
    trace = trace_of(answer, title, **root)
    facts = facts_of(trace, extract(trace, SamplePaths()))
    assert (facts.model_asked, facts.finish_reason) == ("large", "stop")
    assert facts_of(trace).model_asked == "large", "a call that writes titles is not the last that may have answered"
    only = trace_of(title, **root)
    assert facts_of(only, extract(only, SamplePaths())).model_asked == "tiny", "no other call was recorded"


def test_passages_are_those_of_the_extraction() -> None:
    trace = make_trace(contexts=("One passage about the bridge.", "Another one about the ferry."))
    assert facts_of(trace, extract(trace, SamplePaths())).passages == 2
    assert facts_of(trace).passages is None


FIRST: list[tuple[str, dict[str, Any], float | None]] = [
    ("a moment", {"first_token": NOW + timedelta(seconds=2.25)}, 2.25),
    ("seconds from the call's start", {"metadata": {"gen_ai.response.time_to_first_chunk": 0.25}}, 2.25),
    ("milliseconds", {"metadata": {"ai.response.msToFirstChunk": "250"}}, 2.25),
    ("before the call", {"first_token": NOW + timedelta(seconds=1)}, None),
    ("at its end: not streamed", {"first_token": NOW + timedelta(seconds=3)}, None),
    ("after its end", {"metadata": {"gen_ai.response.time_to_first_chunk": 5}}, None),
    ("a call before its root: two clocks", {"at": -1, "first_token": NOW - timedelta(seconds=0.5)}, None),
    ("nothing", {}, None),
]


@pytest.mark.parametrize(("about", "fields", "expected"), FIRST, ids=[about for about, _, _ in FIRST])
def test_first_token_counts_from_the_roots_start(about: str, fields: dict[str, Any], expected: float | None) -> None:
    assert facts_of(trace_of(step("a", **{"at": 2, **fields}))).first_token_s == expected


@pytest.mark.parametrize(("end", "expected"), [(None, None), (NOW, None), (NOW + timedelta(seconds=2), 2.0)])
def test_duration_of_a_root_without_an_end_is_unknown(end: datetime | None, expected: float | None) -> None:
    assert facts_of(make_trace(start=NOW, end=end)).duration_s == expected
    assert facts_of(make_trace(start=NOW, end=NOW - timedelta(seconds=1))).duration_s is None


def test_a_trace_named_by_its_question_has_no_name() -> None:
    """A name of many words is somebody's text."""
    question = "Why does my order 1042 to Berlin still say that it is on its way?"
    facts = facts_of(make_trace(name=question, tags=("rag", question)))
    assert (facts.trace_name, facts.tags) == (None, ("rag",))
    assert facts_of(make_trace(name="support-bot: answer a question")).trace_name == "support-bot: answer a question"


NO_COUNTS = [
    True,
    False,
    -1,
    1.5,
    1e308,
    float("inf"),
    float("nan"),
    10**400,
    "",
    "many",
    "-3",
    "1e3",
    "٣",
    None,
    [],
    {},
]


@pytest.mark.parametrize("value", NO_COUNTS, ids=repr)
def test_what_is_no_count_is_unknown(value: Any) -> None:
    metadata = {"gen_ai.usage.input_tokens": value, "gen_ai.usage.output_tokens": value}
    assert took(step("a", usage=None, metadata=metadata)) == (1, None, None)


@pytest.mark.parametrize(
    "value", [True, -0.1, 0, "0", float("inf"), float("nan"), 1e308, 10**400, "free", "$0.01", [1]]
)
def test_what_is_no_cost_is_unknown(value: Any) -> None:
    facts = facts_of(trace_of(step("a", metadata={"operation.cost": value})))
    assert (facts.cost_usd, facts.cost_from) == (None, None)


@pytest.mark.parametrize("value", [120, 120.0, "120", " 120 ", "120.0"])
def test_a_count_may_be_written_as_text(value: Any) -> None:
    assert took(step("a", usage=None, metadata={"gen_ai.usage.input_tokens": value})) == (1, 120, None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(sorted(NAMINGS)) | st.sampled_from(["gen_ai", "usage", "attributes", "gen_ai.usage", "llm"])
metadatas = st.dictionaries(keys | st.text(max_size=8), json_values, max_size=12)


numbers = st.none() | st.integers(0, 200) | st.sampled_from([2_000_000_000])
usages = st.none() | st.builds(
    Tokens, input=numbers, cached=numbers, cache_write=numbers, output=numbers, reasoning=numbers
)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    ids = st.sampled_from(["a", "b", "c", "t1", ""])
    made = [
        step(
            draw(ids), draw(st.none() | ids), at=draw(st.integers(-3, 3)), lasts=draw(st.integers(-1, 3)),
            type=draw(st.sampled_from(["generation", "agent", "tool", "span", "embedding"])),
            usage=draw(usages), metadata=draw(metadatas), output=draw(json_values),
        )
        for _ in range(draw(st.integers(0, 5)))
    ]  # fmt: skip
    return trace_of(*made, metadata=draw(metadatas), observation_id=draw(ids))


@given(traces())
def test_no_part_of_a_count_is_more_than_its_whole(trace: Trace) -> None:
    facts = facts_of(trace, None, PRICES)
    for part, whole in ((facts.cached_tokens, facts.input_tokens), (facts.reasoning_tokens, facts.output_tokens)):
        assert part is None or whole is None or part <= whole


@given(traces())
def test_no_metadata_breaks_the_facts(trace: Trace) -> None:
    """The record's own bounds are checked as it is built: nothing negative, no bool, nothing endless."""
    facts = facts_of(trace, None, PRICES)
    assert TraceFacts.model_validate_json(facts.model_dump_json()) == facts
    assert (facts.cost_usd is None) == (facts.cost_from is None)
    assert all(value is None or value < 2**31 for value in (facts.input_tokens, facts.output_tokens))
    assert facts.model_calls != 0


def test_the_ends_of_the_calendar_break_nothing() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    plain = step("a", metadata={"gen_ai.response.time_to_first_chunk": 9})
    for start, end in ((first, last), (last, first), (last, last), (first, None)):
        trace = trace_of(*(plain.model_copy(update={"id": name, "start": start, "end": end}) for name in "ab"))
        for bounds in ({"start": start, "end": end}, {"start": last, "end": first}):
            facts = facts_of(trace.model_copy(update={"root": trace.root.model_copy(update=bounds)}))
            assert (facts.input_tokens, facts.first_token_s) == (200, None)


def test_facts_of_a_huge_trace_are_found_in_time() -> None:
    """10,000 steps in any form, and names of a megabyte: a few tenths of a second, and nothing of the names."""
    big = "x" * 1_000_000
    nest: dict[str, JsonValue] = {big: {big: dict.fromkeys(map(str, range(20_000)), 1)}}
    plain = step("a", lasts=9)
    forms: dict[str, list[Observation]] = {
        "beside one another": [plain.model_copy(update={"id": str(n), "name": f"n{n:x}"}) for n in range(10_000)],
        "in a chain": [plain.model_copy(update={"id": str(n), "parent_id": str(n - 1)}) for n in range(10_000)],
        "in a circle": [plain.model_copy(update={"id": str(n), "parent_id": str(-~n % 9_999)}) for n in range(10_000)],
        "of one id": [plain] * 10_000,
        "long names": [step(str(n), name=big, model=big, metadata={**nest, "attributes": nest}) for n in range(20)],
    }
    # What a span does is looked for among its attributes: their names may not repeat a key of a megabyte each.
    forms["long keys of a span"] = [step("s", type="span", metadata={"attributes": nest, **nest})]
    for form, steps in forms.items():
        trace, started = trace_of(*steps), time.process_time()
        facts = facts_of(trace)
        assert time.process_time() - started < 5, form
        assert (facts.input_tokens or 0) <= 1_000_000
        assert len(facts.model_dump_json()) < 2_000
