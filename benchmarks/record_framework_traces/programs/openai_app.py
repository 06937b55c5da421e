# mypy: ignore-errors
"""OpenAI's SDK: a prompt with the passages under a heading, a tool, and an answer that is streamed."""

from __future__ import annotations

import json
import os

import openai
import recording
import shop
from opentelemetry import trace

TOOL = {
    "type": "function",
    "function": {
        "name": "order_status",
        "description": "Status of an order",
        "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
    },
}
MODEL = "gpt-4o-mini"
CONTEXT = shop.context(shop.search(shop.QUESTION))


def instrument(which):
    """One of the three instrumentations of this SDK."""
    provider = recording.provider()
    if which == "openinference":
        from openinference.instrumentation.openai import OpenAIInstrumentor
    elif which == "openllmetry":
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor
    else:
        os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "SPAN_ONLY"  # noqa: TID251
        os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"  # noqa: TID251
        from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
    hidden = {"config": hiding()} if scenario == "hidden" else {}
    OpenAIInstrumentor().instrument(tracer_provider=provider, **hidden)
    return {
        "openinference": "openinference-instrumentation-openai",
        "openllmetry": "opentelemetry-instrumentation-openai",
        "contrib": "opentelemetry-instrumentation-openai-v2",
    }[which]


def hiding():
    """OpenInference's own switch for texts that must not leave the application."""
    from openinference.instrumentation import TraceConfig

    return TraceConfig(hide_inputs=True, hide_outputs=True)


def rag(client, *, stream=False):
    """Passages in the prompt."""
    passages = shop.search(shop.QUESTION)
    messages = [
        {"role": "system", "content": "You are the support assistant of Halden."},
        {"role": "user", "content": shop.prompt(shop.QUESTION, passages)},
    ]
    result = client.chat.completions.create(model=MODEL, messages=messages, stream=stream)
    if stream:
        answer = "".join(chunk.choices[0].delta.content or "" for chunk in result if chunk.choices)
    else:
        answer = result.choices[0].message.content
    return shop.QUESTION, answer, [shop.context(passages)]


def responses(client):
    """The same through the responses API."""
    passages = shop.search(shop.QUESTION)
    result = client.responses.create(
        model=MODEL, instructions="You are the support assistant of Halden.", input=shop.prompt(shop.QUESTION, passages)
    )
    return shop.QUESTION, result.output_text, [shop.context(passages)]


def guarded(client):
    """A guard judges the answer in a call of its own, after it; the request's span holds neither text."""
    with trace.get_tracer("web").start_as_current_span("POST /chat"):
        question, answer, evidence = rag(client)
        messages = [{"role": "system", "content": shop.GUARD}, {"role": "user", "content": answer}]
        client.chat.completions.create(model=MODEL, messages=messages)
    return question, answer, evidence


def history(client):
    """The last of several turns."""
    system = {"role": "system", "content": f"Answer from the context only.\n\nContext:\n{CONTEXT}"}
    messages = [system, *shop.HISTORY, {"role": "user", "content": shop.QUESTION}]
    answer = client.chat.completions.create(model=MODEL, messages=messages).choices[0].message.content
    return shop.QUESTION, answer, [CONTEXT]


def tool(client, *, broken=False):
    """A tool call and its answer in one trace, as a web framework's request span holds them together."""
    messages = [{"role": "user", "content": shop.ORDER_QUESTION}]
    with trace.get_tracer("web").start_as_current_span("POST /chat"):
        asked = client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL]).choices[0].message
        call = asked.tool_calls[0]
        try:
            given = (shop.broken_order_status if broken else shop.order_status)(**json.loads(call.function.arguments))
        except ConnectionError as error:
            given = f"Error: {error!r}"
        messages += [
            asked.model_dump(exclude_none=True),
            {"role": "tool", "tool_call_id": call.id, "content": given},
        ]
        answer = client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL]).choices[0].message.content
    return shop.ORDER_QUESTION, answer, [] if broken else [given]


which, _, scenario = recording.SCENARIO.partition("-")
package = instrument(which)
own_client = openai.OpenAI(base_url=recording.BASE_URL, api_key="none")
asked_question, given_answer, evidence = {
    "rag": lambda: rag(own_client),
    "hidden": lambda: rag(own_client),
    "stream": lambda: rag(own_client, stream=True),
    "responses": lambda: responses(own_client),
    "guarded": lambda: guarded(own_client),
    "history": lambda: history(own_client),
    "tool": lambda: tool(own_client),
    "failing-tool": lambda: tool(own_client, broken=True),
}[scenario]()
recording.write(
    question=asked_question, answer=given_answer, evidence=evidence, packages=("openai", package), history=shop.TURNS
)
