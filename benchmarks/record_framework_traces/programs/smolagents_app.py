# mypy: ignore-errors
"""smolagents: a tool-calling agent with a retriever tool, a tool, a failing tool."""

from __future__ import annotations

import recording
import shop
from openinference.instrumentation.smolagents import SmolagentsInstrumentor
from smolagents import OpenAIServerModel, ToolCallingAgent, tool

SmolagentsInstrumentor().instrument(tracer_provider=recording.provider())


@tool
def order_status(order_id: str) -> str:
    """Status of an order.

    Args:
        order_id: The order's number.
    """
    return shop.order_status(order_id)


@tool
def broken_order_status(order_id: str) -> str:
    """Status of an order.

    Args:
        order_id: The order's number.
    """
    return shop.broken_order_status(order_id)


@tool
def search_knowledge_base(query: str) -> str:
    """Passages about a question.

    Args:
        query: What to look for.
    """
    return shop.context(shop.search(query))


question, function, evidence = {
    "search": (shop.QUESTION, search_knowledge_base, [shop.context(shop.search(shop.QUESTION))]),
    "tool": (shop.ORDER_QUESTION, order_status, [shop.ORDER]),
    "failing-tool": (shop.ORDER_QUESTION, broken_order_status, []),
}[recording.SCENARIO]
model = OpenAIServerModel("gpt-4o-mini", api_base=recording.BASE_URL, api_key="none")
agent = ToolCallingAgent(tools=[function], model=model, max_steps=3, verbosity_level=0)
answer = agent.run(question)
packages = ("smolagents", "openai", "openinference-instrumentation-smolagents")
recording.write(question=question, answer=str(answer), evidence=evidence, packages=packages)
