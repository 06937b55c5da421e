# mypy: ignore-errors
"""Anthropic's SDK: passages in the system text, passages as document blocks, a tool and a failing tool."""

from __future__ import annotations

import anthropic
import recording
import shop
from opentelemetry import trace

which, _, scenario = recording.SCENARIO.partition("-")
provider = recording.provider()
if which == "openinference":
    from openinference.instrumentation.anthropic import AnthropicInstrumentor

    package = "openinference-instrumentation-anthropic"
else:
    from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor

    package = "opentelemetry-instrumentation-anthropic"
AnthropicInstrumentor().instrument(tracer_provider=provider)
CLIENT = anthropic.Anthropic(base_url=recording.BASE_URL.removesuffix("/v1"), api_key="none")
FIXED = {"model": "claude-haiku-4-5", "max_tokens": 200}
TOOL = {
    "name": "order_status",
    "description": "Status of an order",
    "input_schema": {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
}
PASSAGES = shop.search(shop.QUESTION)


def prompt():
    system = f"Answer from the context only.\n\n<context>\n{shop.context(PASSAGES)}\n</context>"
    message = CLIENT.messages.create(**FIXED, system=system, messages=[{"role": "user", "content": shop.QUESTION}])
    return shop.QUESTION, message.content[0].text, [shop.context(PASSAGES)]


def documents():
    blocks = [
        {"type": "document", "title": f"kb/{at}", "source": {"type": "text", "media_type": "text/plain", "data": text}}
        for at, text in enumerate(PASSAGES)
    ]
    content = [*blocks, {"type": "text", "text": shop.QUESTION}]
    message = CLIENT.messages.create(**FIXED, messages=[{"role": "user", "content": content}])
    return shop.QUESTION, message.content[0].text, PASSAGES


def tool(*, broken=False):
    """Both calls in one trace, as a web framework's request span holds them together."""
    messages = [{"role": "user", "content": shop.ORDER_QUESTION}]
    with trace.get_tracer("web").start_as_current_span("POST /chat"):
        asked = CLIENT.messages.create(**FIXED, messages=messages, tools=[TOOL])
        call = asked.content[0]
        result = {"type": "tool_result", "tool_use_id": call.id}
        try:
            result["content"] = (shop.broken_order_status if broken else shop.order_status)(**call.input)
        except ConnectionError as error:
            result |= {"content": str(error), "is_error": True}
        messages += [
            {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in asked.content]},
            {"role": "user", "content": [result]},
        ]
        answer = CLIENT.messages.create(**FIXED, messages=messages, tools=[TOOL]).content[0].text
    return shop.ORDER_QUESTION, answer, [] if broken else [shop.ORDER]


question, answer, evidence = {
    "prompt": prompt,
    "documents": documents,
    "tool": tool,
    "failing-tool": lambda: tool(broken=True),
}[scenario]()
recording.write(question=question, answer=answer, evidence=evidence, packages=("anthropic", package))
