# mypy: ignore-errors
"""CrewAI: a crew of one agent, with passages in the task, with a tool, and with a failing tool."""

from __future__ import annotations

import recording
import shop
from crewai import LLM, Agent, Crew, Task
from crewai.tools import tool
from openinference.instrumentation.crewai import CrewAIInstrumentor

which, _, scenario = recording.SCENARIO.partition("-")
provider = recording.provider()
CrewAIInstrumentor().instrument(tracer_provider=provider)
if which == "client":
    from openinference.instrumentation.openai import OpenAIInstrumentor

    OpenAIInstrumentor().instrument(tracer_provider=provider)


@tool("order_status")
def order_status(order_id: str) -> str:
    """Status of an order."""
    return shop.order_status(order_id)


@tool("order_status")
def broken_order_status(order_id: str) -> str:
    """Status of an order."""
    return shop.broken_order_status(order_id)


PASSAGES = shop.search(shop.QUESTION)
question, description, tools, inputs, evidence = {
    "prompt": (
        shop.QUESTION,
        "Answer from the context only.\n\nContext:\n{context}\n\nQuestion: {question}",
        [],
        {"question": shop.QUESTION, "context": shop.context(PASSAGES)},
        [shop.context(PASSAGES)],
    ),
    "tool": (shop.ORDER_QUESTION, "{question}", [order_status], {"question": shop.ORDER_QUESTION}, [shop.ORDER]),
    "failing-tool": (
        shop.ORDER_QUESTION, "{question}", [broken_order_status], {"question": shop.ORDER_QUESTION}, []
    ),
}[scenario]  # fmt: skip
llm = LLM(model="openai/gpt-4o-mini", base_url=recording.BASE_URL, api_key="none")
agent = Agent(role="support", goal="Answer customers", backstory="You work for Halden.", llm=llm, tools=tools)
task = Task(description=description, expected_output="A short answer", agent=agent)
answer = Crew(agents=[agent], tasks=[task], verbose=False).kickoff(inputs=inputs).raw
packages = ("crewai", "openai", "openinference-instrumentation-crewai")
recording.write(question=question, answer=answer, evidence=evidence, packages=packages)
