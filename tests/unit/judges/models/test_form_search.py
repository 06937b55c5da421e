"""Finding the form of an endpoint: what is shared, what is kept, for how long, and what changes it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import EvaluationError, RequestRejected
from assay.judges.models import form_search
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.form_ladder import FormLadder
from assay.judges.models.form_search import MOST_REQUESTS
from assay.judges.models.form_trials import compiles_schemas
from assay.judges.models.http_chat_model import HttpChatModel
from assay.judges.models.request_form import (
    DOUBTED_S,
    FRUITLESS_S,
    KEPT_S,
    KNOWN_FORMS,
    REFUSED_IN_A_ROW,
    FormPlace,
    JsonForm,
    KnownForms,
    LearntForm,
    RequestForm,
)
from assay.worker.state.memory.request_forms import MemoryRequestForms
from assay.worker.wiring.shared_forms import SharedForms
from tests.servers.openai_server import Answer, Body, OpenAIServer, Step, completion, fails, heeds_only, lacks, says
from tests.servers.providers.provider import judged
from tests.waiting import PATIENCE_S

OK = '{"kind":"answer","sentences":[]}'
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
PROMPT = [ChatMessage(role="system", content="instructions"), ChatMessage(role="user", content="E1: a b c\nR1: a b c")]
REPAIR = [*PROMPT, ChatMessage(role="assistant", content="{}"), ChatMessage(role="user", content="Reply again")]
OPAQUE = fails(400, message="Bad Request")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of day, as the known forms see it."""
    clock = Clock()
    monkeypatch.setattr(KNOWN_FORMS, "_clock", clock)
    return clock


@pytest.fixture
def server(clock: Clock) -> Iterator[OpenAIServer]:
    KNOWN_FORMS.clear()
    with OpenAIServer(default=says(OK)) as running:
        yield running


def model_at(server: OpenAIServer, forms: SharedForms | None = None, **settings: Any) -> HttpChatModel:
    return HttpChatModel("m", EndpointSettings(url=server.url, max_wait_s=20, **settings), forms=forms)


def asking(model: HttpChatModel, run: Callable[[], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        try:
            return await run()
        finally:
            await model.close()

    return asyncio.run(main())


def ask(model: HttpChatModel, messages: list[ChatMessage] = PROMPT) -> Reply:
    return asking(model, lambda: model.complete(messages, json_schema=SCHEMA))  # type: ignore[no-any-return]


def outcome_of(model: HttpChatModel) -> str:
    try:
        return ask(model).text
    except EvaluationError as exc:
        return type(exc).__name__


def asked_form(body: Body) -> str:
    return "tools" if "tools" in body else str(body.get("response_format", {}).get("type", "text"))


def opaque_unless(*forms: str) -> Step:
    """A server that refuses without a word all but these forms."""
    return lambda body: judged(body) if asked_form(body) in forms else OPAQUE  # type: ignore[return-value]


# Many at once.


@pytest.mark.parametrize("step", [lacks("json_schema"), opaque_unless("text"), heeds_only("json_object")])
def test_of_many_first_calls_one_finds_the_form_and_the_others_wait(server: OpenAIServer, step: Step) -> None:
    server.script(default=step)
    model = model_at(server)

    async def run() -> None:
        await asyncio.gather(*(model.complete(PROMPT, json_schema=SCHEMA) for _ in range(64)))

    asking(model, run)
    assert len(server.requests) <= 63 + MOST_REQUESTS


def test_calls_whose_patience_ends_cost_one_refusal_each(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_search, "PATIENCE_S", 0.0)
    server.script(default=opaque_unless("text"))
    model = model_at(server)

    async def run() -> None:
        await asyncio.gather(*(model.complete(PROMPT, json_schema=SCHEMA) for _ in range(20)))

    asking(model, run)
    assert len(server.requests) <= 2 * 20 + MOST_REQUESTS


def test_first_call_that_fails_lets_the_others_go(server: OpenAIServer) -> None:
    server.script([fails(401)], default=says(OK))
    model = model_at(server)

    async def run() -> list[Any]:
        calls = (model.complete(PROMPT, json_schema=SCHEMA) for _ in range(8))
        return await asyncio.gather(*calls, return_exceptions=True)

    came = asking(model, run)
    assert [isinstance(each, Exception) for each in came] == [True, *[False] * 7]


def test_cancelled_first_call_lets_the_others_go(server: OpenAIServer) -> None:
    arrived = asyncio.Event()

    async def run() -> None:
        loop = asyncio.get_running_loop()

        def stay(body: Body) -> Answer:
            loop.call_soon_threadsafe(arrived.set)
            return Answer(completion(OK, body), delay_s=PATIENCE_S)

        server.script([stay], default=says(OK))
        first = asyncio.ensure_future(model.complete(PROMPT, json_schema=SCHEMA))
        await asyncio.wait_for(arrived.wait(), PATIENCE_S)
        second = asyncio.ensure_future(model.complete(PROMPT, json_schema=SCHEMA))
        await asyncio.sleep(0)
        first.cancel()
        assert (await asyncio.wait_for(second, PATIENCE_S)).text == OK

    model = model_at(server)
    asking(model, run)


# What is kept.


def test_proven_form_is_the_texts_fault_where_it_is_refused_without_a_word(server: OpenAIServer) -> None:
    model = model_at(server)
    assert outcome_of(model) == OK
    server.script([OPAQUE], default=opaque_unless("text"))
    assert outcome_of(model) == "RequestRejected"
    assert len(server.requests) == 2
    assert model.form == RequestForm(proven=True)


@pytest.mark.parametrize("refusal", [OPAQUE, fails(400, message="response_format json_schema is not supported")])
def test_few_refusals_of_a_proven_form_change_nothing_for_others(server: OpenAIServer, refusal: Step) -> None:
    model = model_at(server)
    ask(model)
    for _ in range(4):
        for _ in range(REFUSED_IN_A_ROW - 1):
            server.script([refusal], default=says(OK))
            outcome_of(model)
        server.script(default=says(OK))
        assert outcome_of(model) == OK
    assert model.form == RequestForm(proven=True)


@pytest.mark.parametrize(
    "step", [opaque_unless("text", "json_object"), lacks("json_schema", "tools")], ids=["opaque", "in words"]
)
def test_endpoint_that_has_changed_is_found_out_anew(server: OpenAIServer, step: Step) -> None:
    model = model_at(server)
    ask(model)
    server.script(default=step)
    came = [outcome_of(model) for _ in range(REFUSED_IN_A_ROW + 1)]
    assert came[-1].startswith("{")
    assert model.form.json_form is JsonForm.OBJECT
    before = len(server.requests)
    assert outcome_of(model).startswith("{")
    assert len(server.requests) == before + 1


@pytest.mark.parametrize(
    ("step", "most_failed"), [(lacks("json_schema", "tools"), 0), (opaque_unless("text"), REFUSED_IN_A_ROW - 1)]
)
def test_endpoint_that_changes_under_many_calls_is_found_out_by_few(
    server: OpenAIServer, step: Step, most_failed: int
) -> None:
    model = model_at(server)

    async def run() -> list[Any]:
        await model.complete(PROMPT, json_schema=SCHEMA)
        server.script(default=step)
        calls = (model.complete(PROMPT, json_schema=SCHEMA) for _ in range(64))
        return await asyncio.gather(*calls, return_exceptions=True)

    came = asking(model, run)
    assert sum(isinstance(each, Exception) for each in came) <= most_failed
    assert len(server.requests) <= 1 + 2 * 64 + 3 * MOST_REQUESTS
    assert model.form.json_form in (JsonForm.OBJECT, JsonForm.PLAIN)


def test_form_that_no_simpler_one_replaces_is_looked_for_from_the_start(server: OpenAIServer) -> None:
    """Here the endpoint dropped function calls and the mode for any JSON, and learnt schemas."""
    server.script(default=lacks("json_schema", "logprobs"))
    model = model_at(server)
    ask(model)
    assert asked_form(server.requests[-1].body) == "tools"
    server.script(default=lambda body: judged(body) if asked_form(body) == "json_schema" else OPAQUE)  # type: ignore[arg-type,return-value]
    came = [outcome_of(model) for _ in range(2 * REFUSED_IN_A_ROW + 2)]
    assert came[-1].startswith("{")
    assert model.form.json_form is JsonForm.SCHEMA


def test_search_goes_on_where_a_rate_limit_stopped_it(server: OpenAIServer) -> None:
    limit = fails(429, headers={"Retry-After": "0"})
    server.script([OPAQUE, OPAQUE, limit, OPAQUE, limit], default=opaque_unless("text"))
    model = model_at(server)
    assert outcome_of(model).startswith("{")
    asked = [asked_form(request.body) for request in server.requests]
    assert asked == ["json_schema"] * 4 + ["tools"] * 2 + ["json_object", "text"]


def test_nothing_is_kept_where_every_form_is_refused(server: OpenAIServer) -> None:
    server.script(default=OPAQUE)
    model = model_at(server)
    assert outcome_of(model) == "RequestRejected"
    assert len(server.requests) == MOST_REQUESTS
    server.script(default=says(OK))
    assert outcome_of(model) == OK
    assert model.form == RequestForm(proven=True)


def test_form_that_was_guessed_and_brought_no_json_is_not_kept(server: OpenAIServer) -> None:
    server.script([OPAQUE], default=says("prose"))
    model = model_at(server)
    assert outcome_of(model) == "prose"
    assert model.form == RequestForm()


# An endpoint that breaks.


def test_outage_that_passes_takes_nothing_away(server: OpenAIServer) -> None:
    server.script([fails(500, headers={"Retry-After": "0"})], default=says(OK))
    model = model_at(server)
    assert outcome_of(model) == OK
    assert len(server.requests) == 2
    assert model.form == RequestForm(proven=True)


def test_endpoint_that_breaks_twice_in_the_same_form_is_asked_in_simpler_ones(server: OpenAIServer) -> None:
    server.script(default=lambda body: fails(500) if asked_form(body) != "text" else judged(body))  # type: ignore[arg-type,return-value]
    model = model_at(server)
    assert outcome_of(model).startswith("{")
    assert [asked_form(request.body) for request in server.requests] == ["json_schema", "json_schema", "tools", "text"]
    assert outcome_of(model).startswith("{")
    assert len(server.requests) == 5


def test_outage_sends_no_more_requests_than_attempts(server: OpenAIServer) -> None:
    server.script(default=fails(500, headers={"Retry-After": "0"}))
    model = model_at(server, attempts=4)
    assert outcome_of(model) == "ModelUnavailable"
    assert len(server.requests) == 4
    assert model.form == RequestForm()


# A day later.


def test_stricter_form_is_tried_again_after_a_day_and_costs_one_request(server: OpenAIServer, clock: Clock) -> None:
    server.script(default=lacks("json_schema", "logprobs"))
    model = model_at(server)
    ask(model)
    before = len(server.requests)
    clock.now += KEPT_S + 1
    ask(model)
    assert [asked_form(request.body) for request in server.requests[before:]] == ["json_schema", "tools"]
    ask(model)
    assert len(server.requests) == before + 3, "not again before another day is over"
    server.script(default=lacks("logprobs"))
    clock.now += KEPT_S + 1
    ask(model)
    assert model.form.json_form is JsonForm.SCHEMA
    assert model.form.logprobs is False


def test_prose_in_the_stricter_form_leads_back_to_the_known_one(server: OpenAIServer, clock: Clock) -> None:
    server.script(default=heeds_only("tools"))
    model = model_at(server)
    ask(model)
    clock.now += KEPT_S + 1
    reply = ask(model)
    assert reply.text.startswith("{")
    assert reply.usage.calls == 2, "the reply that told nothing else is counted"
    assert model.form.json_form is JsonForm.TOOL


def test_strictest_form_needs_no_trial(server: OpenAIServer, clock: Clock) -> None:
    model = model_at(server)
    for _ in range(3):
        ask(model)
        clock.now += KEPT_S + 1
    assert len(server.requests) == 3


# The fleet.


def test_another_process_is_told_what_this_one_found_out(server: OpenAIServer) -> None:
    server.script(default=opaque_unless("text"))
    forms = SharedForms(MemoryRequestForms())
    ask(model_at(server, forms))
    KNOWN_FORMS.clear()  # as in another process
    before = len(server.requests)
    ask(model_at(server, forms))
    assert len(server.requests) == before + 1


def test_process_takes_over_what_another_one_found_out_later(server: OpenAIServer, clock: Clock) -> None:
    forms = SharedForms(MemoryRequestForms())
    model = model_at(server, forms)
    ask(model)
    bare = LearntForm(form=RequestForm(json_form=JsonForm.PLAIN, logprobs=False, proven=True), learnt_at=clock.now + 5)
    asyncio.run(forms.keep(FormPlace(model.address, "m"), bare))
    server.script(default=lacks("json_schema", "tools", "json_object", "logprobs"))
    before = len(server.requests)
    ask(model)
    assert [asked_form(request.body) for request in server.requests[before:]] == ["json_schema", "text"]


def test_model_address_and_settings_are_places_of_their_own(server: OpenAIServer) -> None:
    forms = SharedForms(MemoryRequestForms())
    server.script(default=lacks("json_schema"))
    ask(model_at(server, forms))
    assert ask(model_at(server, forms, logprobs=False)).text.startswith("{")
    assert [asked_form(request.body) for request in server.requests] == ["json_schema", "tools"] * 2


# Settings.


@pytest.mark.parametrize(
    ("settings", "held"),
    [
        ({"form": JsonForm.TOOL}, lambda body: asked_form(body) == "tools"),
        ({"form": JsonForm.PLAIN}, lambda body: asked_form(body) == "text"),
        ({"token_field": "max_completion_tokens"}, lambda body: "max_completion_tokens" in body),
        ({"token_field": "none"}, lambda body: not {"max_tokens", "max_completion_tokens"} & body.keys()),
        ({"logprobs": True}, lambda body: body.get("logprobs") is True),
        ({"logprobs": False}, lambda body: "logprobs" not in body),
        ({"temperature": True}, lambda body: body.get("temperature") == 0),
        ({"temperature": False}, lambda body: "temperature" not in body),
        ({"system_role": False}, lambda body: [m["role"] for m in body["messages"]] == ["user"]),
    ],
)
@pytest.mark.parametrize("step", [OPAQUE, fails(500, headers={"Retry-After": "0"}), says("prose"), says(OK)])
def test_what_is_set_is_never_given_up(
    server: OpenAIServer, settings: dict[str, Any], held: Callable[[Body], bool], step: Step
) -> None:
    server.script(default=step)
    outcome_of(model_at(server, **settings))
    assert server.requests
    assert all(held(request.body) for request in server.requests)


@pytest.mark.parametrize(
    ("settings", "complaint", "named"),
    [
        ({"form": JsonForm.SCHEMA}, "response_format is not supported", "form"),
        ({"logprobs": True}, "logprobs are not supported", "logprobs"),
        ({"temperature": True}, "temperature is not supported", "temperature"),
        ({"token_field": "max_tokens"}, "max_tokens is not supported, use max_completion_tokens", "token_field"),
    ],
)
def test_refusal_of_what_is_set_says_which_setting(
    server: OpenAIServer, settings: dict[str, Any], complaint: str, named: str
) -> None:
    server.script(default=fails(400, message=complaint))
    with pytest.raises(RequestRejected, match=f"setting {named} of this endpoint"):
        ask(model_at(server, **settings))


def test_instructions_lead_the_users_message_where_there_is_no_system_role(server: OpenAIServer) -> None:
    ask(model_at(server, system_role=False, form=JsonForm.PLAIN))
    (message,) = server.requests[0].body["messages"]
    assert message["content"].startswith("instructions\n\nReply with one JSON object")
    assert message["content"].endswith("R1: a b c"), "the text under judgement comes last"


# The exact schema.

EXACT = {"type": "object", "properties": {"exact": {"const": 1}}}


def breaking(server: OpenAIServer, model: HttpChatModel, *, broken: int, good: int) -> None:
    """Calls of which some need a repair turn."""

    async def run() -> None:
        for messages in [*[PROMPT] * good, *[PROMPT, REPAIR] * broken]:
            await model.complete(messages, json_schema=SCHEMA, exact_schema=lambda: EXACT)

    asking(model, run)


def is_exact(body: Body) -> bool:
    return "exact" in json.dumps(body.get("response_format"))


def test_exact_schema_is_tried_when_the_model_breaks_the_table_and_kept_when_it_works(server: OpenAIServer) -> None:
    model = model_at(server)
    breaking(server, model, broken=3, good=1)
    assert [is_exact(request.body) for request in server.requests] == [False] * 4 + [True] * 3
    assert model.form.is_exact


def test_exact_schema_is_not_tried_where_a_reply_breaks_the_table_now_and_then(server: OpenAIServer) -> None:
    model = model_at(server)
    breaking(server, model, broken=1, good=40)
    breaking(server, model, broken=1, good=40)
    assert not any(is_exact(request.body) for request in server.requests)


def test_exact_schema_that_is_refused_is_tried_once_and_the_call_goes_on(server: OpenAIServer) -> None:
    server.script(default=lambda body: OPAQUE if is_exact(body) else judged(body))  # type: ignore[arg-type,return-value]
    model = model_at(server)
    breaking(server, model, broken=6, good=1)
    assert sum(is_exact(request.body) for request in server.requests) == 1
    assert len(server.requests) == 1 + 12 + 1
    assert model.form == RequestForm(proven=True)


def test_exact_schema_is_asked_for_from_the_first_call_on_where_it_is_set(server: OpenAIServer) -> None:
    breaking(server, model_at(server, exact_schema=True), broken=0, good=2)
    assert [is_exact(request.body) for request in server.requests] == [True, True]
    server.script()
    breaking(server, model_at(server, exact_schema=False), broken=9, good=1)
    assert not any(is_exact(request.body) for request in server.requests[2:])


def test_refused_exact_schema_leads_to_the_general_one_though_it_is_set(server: OpenAIServer) -> None:
    words = "Automatic parser generation failed: JSON schema error at #/properties: schema must be an object"
    refusal = fails(400, message=words)
    server.script(default=lambda body: refusal if is_exact(body) else judged(body))  # type: ignore[arg-type,return-value]
    breaking(server, model_at(server, exact_schema=True), broken=0, good=2)
    assert [asked_form(request.body) for request in server.requests] == ["json_schema"] * 3
    assert [is_exact(request.body) for request in server.requests] == [True, False, False]
    assert server.requests[1].body["response_format"]["json_schema"]["strict"] is True


@pytest.mark.parametrize(
    ("address", "compiles"),
    [
        ("https://api.openai.com/v1/chat/completions", True),
        ("https://x.openai.azure.com/openai/v1/chat/completions", True),
        ("https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", True),
        ("http://vllm.internal:8000/v1/chat/completions", False),
        ("https://notopenai.com/v1/chat/completions", False),
    ],
)
def test_providers_that_keep_compiled_schemas_are_told_by_their_host(address: str, compiles: bool) -> None:
    assert compiles_schemas(address) is compiles


# Calls without a schema.


def test_calls_without_a_schema_have_a_form_of_their_own(server: OpenAIServer) -> None:
    server.script(default=lacks("logprobs"))
    model = model_at(server)

    async def run() -> None:
        for _ in range(2):
            await model.complete(PROMPT, max_tokens=4)

    asking(model, run)
    assert len(server.requests) == 4, "an answer without probabilities is worth nothing, and teaches nothing"
    assert [request.body.get("logprobs", False) for request in server.requests] == [True, False, True, False]
    assert model.form == RequestForm(), "it shows nothing of how JSON is asked for"


@pytest.mark.parametrize("failure", [OPAQUE, fails(500, message="Internal Server Error")], ids=["refused", "broken"])
def test_call_that_wants_probabilities_is_never_sent_without(server: OpenAIServer, failure: Step) -> None:
    server.script([failure, failure], default=says("Yes"))
    model = model_at(server)
    asking(model, lambda: model.complete(PROMPT, max_tokens=4))
    assert all(request.body["logprobs"] is True for request in server.requests)
    assert len(server.requests) == 3


# What may have been an outage, or the work of one text.


@pytest.mark.parametrize("crashes", [2, 3])
def test_form_found_while_the_endpoint_broke_is_soon_doubted(server: OpenAIServer, clock: Clock, crashes: int) -> None:
    forms = SharedForms(MemoryRequestForms())
    server.script([fails(500, message="Internal Server Error")] * crashes, default=says(OK))
    model = model_at(server, forms)
    ask(model)
    assert model.form.json_form is not JsonForm.SCHEMA
    clock.now += DOUBTED_S + 1
    ask(model)
    assert model.form == RequestForm(proven=True)
    KNOWN_FORMS.clear()
    ask(model_at(server, forms))
    assert model_at(server).form == RequestForm(proven=True)


def test_doubt_is_put_off_each_time_it_was_wrong(server: OpenAIServer, clock: Clock) -> None:
    server.script(default=opaque_unless("text"))
    model = model_at(server)
    ask(model)
    for wait_s in (DOUBTED_S, 4 * DOUBTED_S, 16 * DOUBTED_S, 64 * DOUBTED_S):
        ask(model)
        before = len(server.requests)
        clock.now += wait_s - 1
        ask(model)
        assert len(server.requests) == before + 1
        clock.now += 2
        ask(model)
        assert len(server.requests) == before + 3
    assert model.form.json_form is JsonForm.PLAIN


def test_texts_that_only_fail_with_probabilities_take_them_from_others_for_minutes_only(
    server: OpenAIServer, clock: Clock
) -> None:
    model = model_at(server)
    ask(model)
    server.script(default=lambda body: OPAQUE if body.get("logprobs") else judged(body))  # type: ignore[arg-type,return-value]
    for _ in range(REFUSED_IN_A_ROW):
        outcome_of(model)
    assert not model.form.logprobs
    server.script(default=says(OK))
    clock.now += DOUBTED_S + 1
    ask(model)
    assert model.form == RequestForm(proven=True)


def test_text_that_brings_no_json_in_any_form_teaches_nothing(server: OpenAIServer, clock: Clock) -> None:
    server.script(default=says("I am sorry."))
    model = model_at(server)
    ask(model)
    assert len(server.requests) == 4
    ask(model)
    assert len(server.requests) == 5, "nobody looks again at once"
    clock.now += FRUITLESS_S + 1
    ask(model)
    assert len(server.requests) == 9
    server.script(default=says(OK))
    ask(model)
    assert model.form == RequestForm(proven=True)


def test_two_objects_are_no_sign_that_a_form_is_not_heeded(server: OpenAIServer) -> None:
    server.script(default=says(f'{OK} {{"a":1}}'))
    model = model_at(server)
    ask(model)
    assert len(server.requests) == 1
    assert not model.form.proven


# The ladder by itself.

FORMS = st.builds(
    RequestForm,
    json_form=st.sampled_from(JsonForm),
    is_loose=st.booleans(),
    is_exact=st.booleans(),
    tool_choice=st.sampled_from(["named", "required", "auto"]),
    logprobs=st.booleans(),
    temperature=st.booleans(),
    token_field=st.sampled_from(["max_tokens", "max_completion_tokens", ""]),
    system_role=st.booleans(),
)
SETTINGS = st.builds(
    EndpointSettings,
    form=st.none() | st.sampled_from(JsonForm),
    logprobs=st.none() | st.booleans(),
    temperature=st.none() | st.booleans(),
    token_field=st.none() | st.sampled_from(["max_tokens", "none"]),
    system_role=st.booleans(),
)


@given(settings=SETTINGS, was_taken=st.booleans())
def test_ladder_ends_never_repeats_itself_and_keeps_what_is_set(settings: EndpointSettings, was_taken: bool) -> None:
    ladder = FormLadder(tuple(JsonForm), settings)
    form: RequestForm | None = ladder.first()
    seen: list[RequestForm] = []
    while form is not None:
        assert form not in seen
        assert settings.form in (None, form.json_form)
        assert settings.logprobs in (None, form.logprobs)
        assert settings.temperature in (None, form.temperature)
        assert settings.system_role or not form.system_role
        seen.append(form)
        form = ladder.simpler(form, was_taken=was_taken)
    assert len(seen) <= MOST_REQUESTS


@given(st.text(max_size=200), FORMS, st.sampled_from([200, 400, 403, 404, 422, 500]))
def test_any_complaint_leads_to_a_form_that_asks_for_less_or_to_none(text: str, form: RequestForm, status: int) -> None:
    ladder = FormLadder(tuple(JsonForm), EndpointSettings())
    words = ["", "logprobs", "response_format", "tools", "tool_choice", "temperature", "system role", "anyof"]
    for word in words:
        simpler = ladder.without_refused(form, status, f"{text.lower()} {word} is not supported")
        assert simpler is None or simpler != form


@given(FORMS, FORMS)
def test_what_two_calls_found_out_does_not_depend_on_who_comes_first(ours: RequestForm, theirs: RequestForm) -> None:
    merged, turned = ours.merged(theirs), theirs.merged(ours)
    assert merged.weakness == turned.weakness
    assert merged.logprobs == turned.logprobs == (ours.logprobs and theirs.logprobs)
    assert merged.system_role == turned.system_role


def test_known_forms_are_kept_apart_by_place() -> None:
    known = KnownForms()
    known.at(FormPlace("a", "m"), RequestForm()).learn(RequestForm(json_form=JsonForm.TOOL, proven=True))
    assert known.get("a", "m").json_form is JsonForm.TOOL
    assert known.get("a", "n") == known.get("b", "m") == RequestForm()
