# mypy: ignore-errors
"""Google's Agent Development Kit with its own tracing: passages in the instruction, a search tool, a tool."""

from __future__ import annotations

import asyncio
import os

import recording
import shop

os.environ["GOOGLE_GEMINI_BASE_URL"] = recording.BASE_URL.removesuffix("/v1")  # noqa: TID251
provider = recording.provider()

from google.adk.agents import LlmAgent  # noqa: E402
from google.adk.runners import InMemoryRunner  # noqa: E402
from google.genai import types  # noqa: E402


def order_status(order_id: str) -> str:
    """Status of an order."""
    return shop.order_status(order_id)


def broken_order_status(order_id: str) -> dict:
    """Status of an order."""
    return {"status": "error", "error_message": shop.FAILURE}


def search_knowledge_base(query: str) -> dict:
    """Passages about a question."""
    return {"results": shop.search(query)}


SYSTEM = "You are the support assistant of Halden."
PASSAGES = shop.search(shop.QUESTION)
question, instruction, tools, evidence = {
    "prompt": (shop.QUESTION, f"{SYSTEM}\n\nContext:\n{shop.context(PASSAGES)}", [], [shop.context(PASSAGES)]),
    "search": (shop.QUESTION, SYSTEM, [search_knowledge_base], PASSAGES),
    "tool": (shop.ORDER_QUESTION, SYSTEM, [order_status], [shop.ORDER]),
    "failing-tool": (shop.ORDER_QUESTION, SYSTEM, [broken_order_status], []),
}[recording.SCENARIO]


async def main():
    agent = LlmAgent(name="support", model="gemini-2.5-flash", instruction=instruction, tools=tools)
    runner = InMemoryRunner(agent, app_name="support")
    session = await runner.session_service.create_session(app_name="support", user_id="u-17")
    message = types.Content(role="user", parts=[types.Part(text=question)])
    texts = []
    async for event in runner.run_async(user_id="u-17", session_id=session.id, new_message=message):
        if event.is_final_response():
            texts += [part.text for part in event.content.parts if part.text]
    return "".join(texts)


answer = asyncio.run(main())
recording.write(question=question, answer=answer, evidence=evidence, packages=("google-adk", "google-genai"))
