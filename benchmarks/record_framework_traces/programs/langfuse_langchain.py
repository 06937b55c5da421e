# mypy: ignore-errors
"""Langfuse's callback handler for LangChain and LangGraph."""

from __future__ import annotations

import langchain_parts
import langfuse_parts
import recording
import shop
from langfuse.langchain import CallbackHandler

client = langfuse_parts.client()
scenario = recording.SCENARIO.removeprefix("langchain-")
question, answer, evidence = langchain_parts.run(scenario, {"callbacks": [CallbackHandler()]})
client.flush()
packages = ("langfuse", "langchain", "langchain-openai", "langchain-classic", "langgraph")
recording.write(question=question, answer=answer, evidence=evidence, packages=packages, history=shop.TURNS)
