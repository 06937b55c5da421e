# mypy: ignore-errors
"""LangChain and LangGraph under OpenInference and OpenLLMetry."""

from __future__ import annotations

import langchain_parts
import recording
import shop

which, _, scenario = recording.SCENARIO.partition("-")
provider = recording.provider()
options = {}
if which == "openinference":
    from openinference.instrumentation import TraceConfig
    from openinference.instrumentation.langchain import LangChainInstrumentor
else:
    from opentelemetry.instrumentation.langchain import LangchainInstrumentor as LangChainInstrumentor
if scenario == "hidden":
    options = {"config": TraceConfig(hide_inputs=True, hide_outputs=True)}
LangChainInstrumentor().instrument(tracer_provider=provider, **options)
question, answer, evidence = langchain_parts.run("lcel" if scenario == "hidden" else scenario)
prefix = "openinference" if which == "openinference" else "opentelemetry"
packages = ("langchain", "langchain-openai", "langchain-classic", "langgraph", f"{prefix}-instrumentation-langchain")
recording.write(question=question, answer=answer, evidence=evidence, packages=packages, history=shop.TURNS)
