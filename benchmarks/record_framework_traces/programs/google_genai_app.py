# mypy: ignore-errors
"""Google's Gen AI SDK: passages in the prompt, a chat, a tool that the SDK calls itself, and a failing tool."""

from __future__ import annotations

import recording
import shop
from google import genai
from google.genai import types
from openinference.instrumentation.google_genai import GoogleGenAIInstrumentor
from opentelemetry import trace

GoogleGenAIInstrumentor().instrument(tracer_provider=recording.provider())
options = types.HttpOptions(base_url=recording.BASE_URL.removesuffix("/v1"), api_version="v1")
CLIENT = genai.Client(api_key="none", http_options=options)
MODEL = "gemini-2.5-flash"
PASSAGES = shop.search(shop.QUESTION)
BLOCK = shop.context(PASSAGES)


def order_status(order_id: str) -> str:
    """Status of an order."""
    return shop.order_status(order_id)


def broken_order_status(order_id: str) -> str:
    """Status of an order."""
    return shop.broken_order_status(order_id)


def prompt():
    result = CLIENT.models.generate_content(model=MODEL, contents=shop.prompt(shop.QUESTION, PASSAGES))
    return shop.QUESTION, result.text, [BLOCK]


def chat():
    config = types.GenerateContentConfig(system_instruction=f"Answer from the context only.\n\nContext:\n{BLOCK}")
    result = CLIENT.chats.create(model=MODEL, config=config).send_message(shop.QUESTION)
    return shop.QUESTION, result.text, [BLOCK]


def tool(*, broken=False):
    config = types.GenerateContentConfig(tools=[broken_order_status if broken else order_status])
    with trace.get_tracer("web").start_as_current_span("POST /chat"):
        answer = CLIENT.models.generate_content(model=MODEL, contents=shop.ORDER_QUESTION, config=config).text
    return shop.ORDER_QUESTION, answer, [] if broken else [shop.ORDER]


question, answer, evidence = {
    "prompt": prompt,
    "chat": chat,
    "tool": tool,
    "failing-tool": lambda: tool(broken=True),
}[recording.SCENARIO]()
packages = ("google-genai", "openinference-instrumentation-google-genai")
recording.write(question=question, answer=answer, evidence=evidence, packages=packages)
