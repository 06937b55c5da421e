"""Traces as applications send them, by MLflow's own client and by OpenTelemetry's SDK. It runs in MLflow's environment.

    python sending.py URL EXPERIMENT HOW_MANY

prints the ids of the traces as JSON, those of MLflow's client first. Every second answer is wrong.
"""

from __future__ import annotations

import json
import sys

PASSAGE = "The bridge was opened in 1932 after eight years of work."
RIGHT, WRONG = "The bridge was opened in 1932.", "The bridge was opened in 1871."


def answer_of(number: int) -> str:
    return WRONG if number % 2 else RIGHT


def by_mlflow(url: str, experiment: str, count: int) -> list[str]:
    import mlflow  # type: ignore[import-not-found]  # not in the project's own environment
    from mlflow.entities import SpanType  # type: ignore[import-not-found]

    mlflow.set_tracking_uri(url)
    mlflow.set_experiment(experiment)
    ids = []
    for number in range(count):
        with mlflow.start_span("support", span_type=SpanType.CHAIN) as root:
            question = f"Question {number}: when was the bridge opened?"
            root.set_inputs({"question": question})
            mlflow.update_current_trace(tags={"environment": "production"})
            with mlflow.start_span("search", span_type=SpanType.RETRIEVER) as search:
                search.set_inputs({"query": question})
                search.set_outputs([{"page_content": PASSAGE, "metadata": {"doc_uri": "bridge.txt"}}])
            with mlflow.start_span("answer", span_type=SpanType.CHAT_MODEL) as model:
                model.set_inputs({"messages": [{"role": "user", "content": f"{PASSAGE}\n\n{question}"}]})
                model.set_outputs({"choices": [{"message": {"role": "assistant", "content": answer_of(number)}}]})
                model.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 40, "output_tokens": 9})
            root.set_outputs({"answer": answer_of(number)})
            ids.append(root.trace_id)
    mlflow.flush_trace_async_logging()
    return ids


def by_opentelemetry(url: str, experiment: str, count: int) -> list[str]:
    """GenAI attributes on the model's span and on the retrieval's, none on the root, as a web framework leaves it."""
    import mlflow
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    found = mlflow.get_experiment_by_name(experiment)
    assert found is not None
    exporter = OTLPSpanExporter(f"{url}/v1/traces", headers={"x-mlflow-experiment-id": found.experiment_id})
    resource = {"service.name": "bot", "service.version": "1.2", "deployment.environment.name": "production"}
    provider = TracerProvider(resource=Resource.create(resource))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer, ids = provider.get_tracer("bot"), []
    for number in range(count):
        question = f"Question {number}: when was the bridge opened?"
        with tracer.start_as_current_span("POST /chat") as root:
            documents = json.dumps([{"id": "1", "score": 0.9, "content": PASSAGE}])
            retrieval = {"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.documents": documents}
            with tracer.start_as_current_span("retrieval bridge", attributes=retrieval):
                pass
            with tracer.start_as_current_span("chat m", attributes=_chat(question, answer_of(number))):
                pass
            ids.append(f"tr-{root.get_span_context().trace_id:032x}")
    provider.shutdown()
    return ids


def _chat(question: str, answer: str) -> dict[str, str | int]:
    asked = [{"role": "user", "parts": [{"type": "text", "content": question}]}]
    said = [{"role": "assistant", "parts": [{"type": "text", "content": answer}], "finish_reason": "stop"}]
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.usage.input_tokens": 40,
        "gen_ai.usage.output_tokens": 9,
        "gen_ai.input.messages": json.dumps(asked),
        "gen_ai.output.messages": json.dumps(said),
    }


def main(url: str, experiment: str, count: int) -> None:
    half = count // 2
    print(json.dumps([*by_mlflow(url, experiment, half), *by_opentelemetry(url, experiment, count - half)]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
