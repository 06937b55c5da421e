# mypy: ignore-errors
"""OpenAI Agents: a tool, a failing tool, passages in the instructions, and a search tool; chat and responses."""

from __future__ import annotations

import recording
import shop
from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, function_tool
from openai import AsyncOpenAI
from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor

OpenAIAgentsInstrumentor().instrument(tracer_provider=recording.provider(), exclusive_processor=True)


@function_tool
def order_status(order_id: str) -> str:
    """Status of an order."""
    return shop.order_status(order_id)


@function_tool(name_override="order_status")
def broken_order_status(order_id: str) -> str:
    """Status of an order."""
    return shop.broken_order_status(order_id)


@function_tool
def search_knowledge_base(query: str) -> list[str]:
    """Passages about a question."""
    return shop.search(query)


INSTRUCTIONS = "You are the support assistant of Halden."
PASSAGES = shop.search(shop.QUESTION)
api, _, scenario = recording.SCENARIO.partition("-")
model = (OpenAIResponsesModel if api == "responses" else OpenAIChatCompletionsModel)(
    "gpt-4o-mini", AsyncOpenAI(base_url=recording.BASE_URL)
)
question, instructions, tools, evidence = {
    "prompt": (shop.QUESTION, f"{INSTRUCTIONS}\n\nContext:\n{shop.context(PASSAGES)}", [], [shop.context(PASSAGES)]),
    "search": (shop.QUESTION, INSTRUCTIONS, [search_knowledge_base], PASSAGES),
    "tool": (shop.ORDER_QUESTION, INSTRUCTIONS, [order_status], [shop.ORDER]),
    "failing-tool": (shop.ORDER_QUESTION, INSTRUCTIONS, [broken_order_status], []),
}[scenario]
agent = Agent(name="support", instructions=instructions, model=model, tools=tools)
answer = Runner.run_sync(agent, question).final_output
packages = ("openai-agents", "openai", "openinference-instrumentation-openai-agents")
recording.write(question=question, answer=answer, evidence=evidence, packages=packages)
