# mypy: ignore-errors
"""LangChain and LangGraph as LangSmith's SDK exports them by OpenTelemetry."""

from __future__ import annotations

import langchain_parts
import recording
import shop
from langchain_core.tracers.langchain import wait_for_all_tracers

recording.provider()
question, answer, evidence = langchain_parts.run(recording.SCENARIO)
wait_for_all_tracers()
packages = ("langchain", "langchain-openai", "langchain-classic", "langgraph", "langsmith")
recording.write(question=question, answer=answer, evidence=evidence, packages=packages, history=shop.TURNS)
