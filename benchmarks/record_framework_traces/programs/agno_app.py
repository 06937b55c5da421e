# mypy: ignore-errors
"""Agno: passages as dependencies in the context, a search tool, a tool, a failing tool."""

from __future__ import annotations

import recording
import shop
from agno.agent import Agent
from agno.models.openai import OpenAIChat
from openinference.instrumentation.agno import AgnoInstrumentor

AgnoInstrumentor().instrument(tracer_provider=recording.provider())


def order_status(order_id: str) -> str:
    """Status of an order."""
    return shop.order_status(order_id)


def broken_order_status(order_id: str) -> str:
    """Status of an order."""
    return shop.broken_order_status(order_id)


def search_knowledge_base(query: str) -> str:
    """Passages about a question."""
    return shop.context(shop.search(query))


SYSTEM = "You are the support assistant of Halden."
BLOCK = shop.context(shop.search(shop.QUESTION))
question, instructions, tools, evidence = {
    "prompt": (shop.QUESTION, f"{SYSTEM}\n\nContext:\n{BLOCK}", [], [BLOCK]),
    "search": (shop.QUESTION, SYSTEM, [search_knowledge_base], [BLOCK]),
    "tool": (shop.ORDER_QUESTION, SYSTEM, [order_status], [shop.ORDER]),
    "failing-tool": (shop.ORDER_QUESTION, SYSTEM, [broken_order_status], []),
}[recording.SCENARIO]
model = OpenAIChat(id="gpt-4o-mini", base_url=recording.BASE_URL, api_key="none")
agent = Agent(model=model, name="support", instructions=instructions, tools=tools, telemetry=False)
answer = agent.run(question).content
packages = ("agno", "openai", "openinference-instrumentation-agno")
recording.write(question=question, answer=answer, evidence=evidence, packages=packages)
