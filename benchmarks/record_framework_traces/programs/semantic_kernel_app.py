# mypy: ignore-errors
"""Semantic Kernel with its own tracing: an agent with a plugin, and a prompt function with the passages."""

from __future__ import annotations

import asyncio

import recording
import shop
from openai import AsyncOpenAI
from semantic_kernel import Kernel
from semantic_kernel.agents import ChatCompletionAgent
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion
from semantic_kernel.functions import KernelArguments, kernel_function

recording.provider()


class Orders:
    """A plugin with one function."""

    @kernel_function(name="order_status", description="Status of an order")
    def order_status(self, order_id: str) -> str:
        """Status of an order."""
        return shop.order_status(order_id)


class BrokenOrders:
    """The same while the order service is down."""

    @kernel_function(name="order_status", description="Status of an order")
    def order_status(self, order_id: str) -> str:
        """Fail."""
        return shop.broken_order_status(order_id)


def service():
    return OpenAIChatCompletion("gpt-4o-mini", async_client=AsyncOpenAI(base_url=recording.BASE_URL))


async def prompt():
    kernel = Kernel()
    kernel.add_service(service())
    passages = shop.search(shop.QUESTION)
    template = "Answer from the context only.\n\nContext:\n{{$context}}\n\nQuestion: {{$question}}"
    arguments = KernelArguments(context=shop.context(passages), question=shop.QUESTION)
    return str(await kernel.invoke_prompt(template, arguments=arguments)), [shop.context(passages)]


async def agent(plugin):
    built = ChatCompletionAgent(
        service=service(), name="support", instructions="You work for Halden.", plugins=[plugin]
    )
    return str(await built.get_response(shop.ORDER_QUESTION))


scenario = recording.SCENARIO
if scenario == "prompt":
    question = shop.QUESTION
    answer, evidence = asyncio.run(prompt())
else:
    question, evidence = shop.ORDER_QUESTION, [shop.ORDER] if scenario == "agent" else []
    answer = asyncio.run(agent(Orders() if scenario == "agent" else BrokenOrders()))
recording.write(question=question, answer=answer, evidence=evidence, packages=("semantic-kernel", "openai"))
