# mypy: ignore-errors
"""Pydantic AI with its own tracing: a tool, a failing tool, passages in the prompt, and a search tool."""

from __future__ import annotations

import recording
import shop
from pydantic_ai import Agent, InstrumentationSettings, ModelRetry
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

version, _, scenario = recording.SCENARIO.partition("-")
Agent.instrument_all(
    InstrumentationSettings(tracer_provider=recording.provider(), version=int(version.removeprefix("v")))
)
model = OpenAIChatModel("gpt-4o-mini", provider=OpenAIProvider(base_url=recording.BASE_URL, api_key="none"))
agent = Agent(model, name="support", instructions="You are the support assistant of Halden.")


def order_status(order_id: str) -> str:
    """Status of an order."""
    return shop.order_status(order_id)


def broken_order_status(order_id: str) -> str:
    """Status of an order."""
    raise ModelRetry(shop.FAILURE)


def search_knowledge_base(query: str) -> list[str]:
    """Passages about a question."""
    return shop.search(query)


PASSAGES = shop.search(shop.QUESTION)
question, prompt, tool, evidence = {
    "prompt": (shop.QUESTION, shop.prompt(shop.QUESTION, PASSAGES), None, [shop.context(PASSAGES)]),
    "history": (shop.QUESTION, shop.QUESTION, search_knowledge_base, PASSAGES),
    "search": (shop.QUESTION, shop.QUESTION, search_knowledge_base, PASSAGES),
    "tool": (shop.ORDER_QUESTION, shop.ORDER_QUESTION, order_status, [shop.ORDER]),
    "failing-tool": (shop.ORDER_QUESTION, shop.ORDER_QUESTION, broken_order_status, []),
}[scenario]
if tool is not None:
    agent.tool_plain(tool)
earlier = [
    ModelRequest(parts=[UserPromptPart(shop.HISTORY[0]["content"])]),
    ModelResponse(parts=[TextPart(shop.HISTORY[1]["content"])]),
]
answer = agent.run_sync(prompt, message_history=earlier if scenario == "history" else None).output
recording.write(
    question=question, answer=answer, evidence=evidence, packages=("pydantic-ai-slim", "openai"), history=shop.TURNS
)
