# mypy: ignore-errors
"""LlamaIndex: a query engine, a chat engine, and an agent with one tool."""

from __future__ import annotations

import asyncio

import recording
import shop
from llama_index.core import Document, Settings, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.openai import OpenAI

which, _, scenario = recording.SCENARIO.partition("-")
if which == "openllmetry":
    from opentelemetry.instrumentation.llamaindex import LlamaIndexInstrumentor

    package = "opentelemetry-instrumentation-llamaindex"
else:
    from openinference.instrumentation.llama_index import LlamaIndexInstrumentor

    package = "openinference-instrumentation-llama-index"
LlamaIndexInstrumentor().instrument(tracer_provider=recording.provider())
Settings.llm = OpenAI(model="gpt-4o-mini", api_base=recording.BASE_URL)
Settings.embed_model = OpenAIEmbedding(api_base=recording.BASE_URL)


def index():
    """An index whose making is no part of the trace."""
    documents = [Document(text=text, id_=f"kb-{at}") for at, text in enumerate(shop.PASSAGES)]
    built = VectorStoreIndex.from_documents(documents)
    recording.EXPORTER.clear()
    return built


def query_engine():
    answer = index().as_query_engine(similarity_top_k=2).query(shop.QUESTION)
    return shop.QUESTION, str(answer), [node.text for node in answer.source_nodes]


def tree_summarize():
    answer = index().as_query_engine(similarity_top_k=2, response_mode="refine").query(shop.QUESTION)
    return shop.QUESTION, str(answer), [node.text for node in answer.source_nodes]


def chat_engine():
    answer = index().as_chat_engine(chat_mode="context", similarity_top_k=2).chat(shop.QUESTION)
    return shop.QUESTION, str(answer), [node.text for node in answer.source_nodes]


def condense():
    """The second turn: a model call makes one question of the conversation before the retrieval."""
    from llama_index.core.llms import ChatMessage

    engine = index().as_chat_engine(chat_mode="condense_plus_context", similarity_top_k=2)
    earlier = [ChatMessage(role=turn["role"], content=turn["content"]) for turn in shop.HISTORY]
    answer = engine.chat(shop.QUESTION, chat_history=earlier)
    return shop.QUESTION, str(answer), [node.text for node in answer.source_nodes]


def agent(*, broken=False):
    function = shop.broken_order_status if broken else shop.order_status
    tool = FunctionTool.from_defaults(function, name="order_status", description="Status of an order")
    built = FunctionAgent(tools=[tool], llm=Settings.llm, system_prompt="You work for Halden.", streaming=False)

    async def run():
        return await built.run(shop.ORDER_QUESTION)

    return shop.ORDER_QUESTION, str(asyncio.run(run())), [] if broken else [shop.ORDER]


question, answer, evidence = {
    "query-engine": query_engine,
    "refine": tree_summarize,
    "chat-engine": chat_engine,
    "condense": condense,
    "agent": agent,
    "failing-tool": lambda: agent(broken=True),
}[scenario]()
packages = ("llama-index-core", "llama-index-llms-openai", package)
recording.write(question=question, answer=answer, evidence=evidence, packages=packages, history=shop.TURNS)
