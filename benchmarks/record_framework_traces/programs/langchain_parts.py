# mypy: ignore-errors
"""The application in LangChain and LangGraph; each part is called with the callbacks that record it."""

from __future__ import annotations

from typing import TypedDict

import shop
from langchain.agents import create_agent
from langchain_classic.chains import RetrievalQA, create_retrieval_chain
from langchain_classic.chains.combine_documents import create_stuff_documents_chain
from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnablePassthrough
from langchain_core.tools import ToolException, tool
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, StateGraph

SYSTEM = "Answer from the context only.\n\nContext:\n{context}"


class Passages(BaseRetriever):
    """A retriever over the three passages."""

    def _get_relevant_documents(self, query, *, run_manager):
        return [Document(text, metadata={"source": f"kb/{at}"}) for at, text in enumerate(shop.search(query))]


class State(TypedDict):
    """The state of the graph."""

    question: str
    documents: list
    answer: str


@tool
def order_status(order_id: str) -> str:
    """Status of an order."""
    return shop.order_status(order_id)


@tool("order_status")
def broken_order_status(order_id: str) -> str:
    """Status of an order."""
    raise ToolException(shop.FAILURE)


broken_order_status.handle_tool_error = True


def model():
    return ChatOpenAI(model="gpt-4o-mini")


def joined(documents):
    return shop.context([document.page_content for document in documents])


def lcel(config):
    """A pipe of retriever, prompt, model and parser."""
    prompt = ChatPromptTemplate.from_messages([("system", SYSTEM), ("human", "{question}")])
    chain = {"context": Passages() | joined, "question": RunnablePassthrough()} | prompt | model() | StrOutputParser()
    return chain.invoke(shop.QUESTION, {**(config or {}), "max_concurrency": 1})  # spans in the same order each time


def retrieval_chain(config):
    """`create_retrieval_chain`: the root's output holds the documents, too."""
    prompt = ChatPromptTemplate.from_messages([("system", SYSTEM), ("human", "{input}")])
    chain = create_retrieval_chain(Passages(), create_stuff_documents_chain(model(), prompt))
    return chain.invoke({"input": shop.QUESTION}, config)["answer"]


def retrieval_qa(config):
    """`RetrievalQA`: `query` in, `result` and `source_documents` out."""
    chain = RetrievalQA.from_chain_type(model(), retriever=Passages(), return_source_documents=True)
    return chain.invoke({"query": shop.QUESTION}, config)["result"]


def graph(config):
    """A LangGraph of two nodes whose state holds question, documents and answer."""

    def retrieve(state):
        return {"documents": Passages().invoke(state["question"])}

    def answer(state):
        prompt = shop.prompt(state["question"], [document.page_content for document in state["documents"]])
        return {"answer": model().invoke(prompt).content}

    builder = StateGraph(State)
    builder.add_node("retrieve", retrieve)
    builder.add_node("answer", answer)
    builder.add_edge(START, "retrieve")
    builder.add_edge("retrieve", "answer")
    builder.add_edge("answer", END)
    return builder.compile().invoke({"question": shop.QUESTION}, config)["answer"]


def plain_graph(config):
    """The same, where a node looks passages up itself: no retriever is called."""

    def retrieve(state):
        return {"documents": shop.search(state["question"])}

    def answer(state):
        return {"answer": model().invoke(shop.prompt(state["question"], state["documents"])).content}

    builder = StateGraph(State)
    builder.add_node("retrieve", retrieve)
    builder.add_node("answer", answer)
    builder.add_edge(START, "retrieve")
    builder.add_edge("retrieve", "answer")
    builder.add_edge("answer", END)
    return builder.compile().invoke({"question": shop.QUESTION}, config)["answer"]


def agent(config, *, broken=False):
    """An agent with one tool."""
    built = create_agent(model(), tools=[broken_order_status if broken else order_status])
    state = built.invoke({"messages": [{"role": "user", "content": shop.ORDER_QUESTION}]}, config)
    return state["messages"][-1].content


@tool(response_format="content_and_artifact")
def search_knowledge_base(query: str) -> tuple[str, list[Document]]:
    """Passages about a question."""
    documents = Passages().invoke(query)
    return joined(documents), documents


def agentic_rag(config):
    """An agent that decides itself to search, in the second turn of a conversation."""
    messages = [*shop.HISTORY, {"role": "user", "content": shop.QUESTION}]
    built = create_agent(model(), tools=[search_knowledge_base])
    return built.invoke({"messages": messages}, config)["messages"][-1].content


def run(scenario, config=None):
    """Question, answer and evidence of one scenario."""
    if scenario == "agentic-rag":  # the retriever gives the passages, and the tool gives them as one text
        passages = shop.search(shop.QUESTION)
        return shop.QUESTION, agentic_rag(config), [*passages, shop.context(passages)]
    if scenario == "agent":
        return shop.ORDER_QUESTION, agent(config), [shop.ORDER]
    if scenario == "failing-tool":
        return shop.ORDER_QUESTION, agent(config, broken=True), []
    chains = {
        "lcel": lcel,
        "retrieval-chain": retrieval_chain,
        "retrieval-qa": retrieval_qa,
        "graph": graph,
        "plain-graph": plain_graph,
    }
    return shop.QUESTION, chains[scenario](config), shop.search(shop.QUESTION)
