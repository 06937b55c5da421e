# mypy: ignore-errors
"""Strands Agents with its own tracing: passages in the system text, a search tool, a tool, a failing tool."""

from __future__ import annotations

import recording
import shop
from strands import Agent, tool
from strands.models.openai import OpenAIModel

recording.provider()


@tool
def order_status(order_id: str) -> str:
    """Status of an order."""
    return shop.order_status(order_id)


@tool(name="order_status")
def broken_order_status(order_id: str) -> str:
    """Status of an order."""
    return shop.broken_order_status(order_id)


@tool
def search_knowledge_base(query: str) -> str:
    """Passages about a question."""
    return shop.context(shop.search(query))


SYSTEM = "You are the support assistant of Halden."
BLOCK = shop.context(shop.search(shop.QUESTION))
question, system, tools, evidence = {
    "prompt": (shop.QUESTION, f"{SYSTEM}\n\nContext:\n{BLOCK}", [], [BLOCK]),
    "search": (shop.QUESTION, SYSTEM, [search_knowledge_base], [BLOCK]),
    "tool": (shop.ORDER_QUESTION, SYSTEM, [order_status], [shop.ORDER]),
    "failing-tool": (shop.ORDER_QUESTION, SYSTEM, [broken_order_status], []),
}[recording.SCENARIO]
model = OpenAIModel(client_args={"base_url": recording.BASE_URL, "api_key": "none"}, model_id="gpt-4o-mini")
agent = Agent(model=model, system_prompt=system, tools=tools, name="support", callback_handler=None)
answer = str(agent(question))
recording.write(question=question, answer=answer, evidence=evidence, packages=("strands-agents", "openai"))
