# mypy: ignore-errors
"""Haystack: a pipeline of retriever, prompt builder and generator; an agent with one tool."""

from __future__ import annotations

import recording
import shop
from haystack import Document, Pipeline
from haystack.components.agents import Agent
from haystack.components.builders import ChatPromptBuilder
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
from haystack.dataclasses import ChatMessage
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.tools import Tool
from openinference.instrumentation.haystack import HaystackInstrumentor

HaystackInstrumentor().instrument(tracer_provider=recording.provider())
TEMPLATE = """Answer from the context only.

Context:
{% for document in documents %}{{ document.content }}
{% endfor %}
Question: {{ question }}
"""


def retriever():
    store = InMemoryDocumentStore()
    store.write_documents([Document(id=f"kb-{at}", content=text) for at, text in enumerate(shop.PASSAGES)])
    return InMemoryBM25Retriever(store, top_k=2)


def rag():
    pipeline = Pipeline()
    pipeline.add_component("retriever", retriever())
    messages = [ChatMessage.from_system("You work for Halden."), ChatMessage.from_user(TEMPLATE)]
    pipeline.add_component("prompt", ChatPromptBuilder(messages, required_variables=["documents", "question"]))
    pipeline.add_component("llm", OpenAIChatGenerator(model="gpt-4o-mini", api_base_url=recording.BASE_URL))
    pipeline.connect("retriever.documents", "prompt.documents")
    pipeline.connect("prompt.prompt", "llm.messages")
    result = pipeline.run(
        {"retriever": {"query": shop.QUESTION}, "prompt": {"question": shop.QUESTION}},
        include_outputs_from={"retriever"},
    )
    passages = [document.content for document in result["retriever"]["documents"]]
    return shop.QUESTION, result["llm"]["replies"][0].text, passages


def agent(*, broken=False):
    tool = Tool(
        name="order_status",
        description="Status of an order",
        parameters={"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]},
        function=shop.broken_order_status if broken else shop.order_status,
    )
    generator = OpenAIChatGenerator(model="gpt-4o-mini", api_base_url=recording.BASE_URL)
    built = Agent(chat_generator=generator, tools=[tool], system_prompt="You work for Halden.")
    result = built.run(messages=[ChatMessage.from_user(shop.ORDER_QUESTION)])
    return shop.ORDER_QUESTION, result["messages"][-1].text, [] if broken else [shop.ORDER]


question, answer, evidence = {
    "rag": rag,
    "agent": agent,
    "failing-tool": lambda: agent(broken=True),
}[recording.SCENARIO]()
packages = ("haystack-ai", "openinference-instrumentation-haystack")
recording.write(question=question, answer=answer, evidence=evidence, packages=packages)
