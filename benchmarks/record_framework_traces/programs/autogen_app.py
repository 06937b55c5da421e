# mypy: ignore-errors
"""AutoGen: an assistant with a tool, with a failing tool, and with passages in its system message."""

from __future__ import annotations

import asyncio

import recording
import shop
from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient
from openinference.instrumentation.autogen_agentchat import AutogenAgentChatInstrumentor

AutogenAgentChatInstrumentor().instrument(tracer_provider=recording.provider())


async def order_status(order_id: str) -> str:
    """Status of an order."""
    return shop.order_status(order_id)


async def broken_order_status(order_id: str) -> str:
    """Status of an order."""
    return shop.broken_order_status(order_id)


SYSTEM = "You are the support assistant of Halden."
PASSAGES = shop.search(shop.QUESTION)
question, system, tools, evidence = {
    "prompt": (shop.QUESTION, f"{SYSTEM}\n\nContext:\n{shop.context(PASSAGES)}", [], [shop.context(PASSAGES)]),
    "tool": (shop.ORDER_QUESTION, SYSTEM, [order_status], [shop.ORDER]),
    "failing-tool": (shop.ORDER_QUESTION, SYSTEM, [broken_order_status], []),
}[recording.SCENARIO]


async def main():
    client = OpenAIChatCompletionClient(model="gpt-4o-mini", base_url=recording.BASE_URL, api_key="none")
    agent = AssistantAgent("support", client, tools=tools, system_message=system, reflect_on_tool_use=True)
    result = await agent.run(task=question)
    return result.messages[-1].content


answer = asyncio.run(main())
packages = ("autogen-agentchat", "autogen-ext", "openinference-instrumentation-autogen-agentchat")
recording.write(question=question, answer=answer, evidence=evidence, packages=packages)
