"""Attributes that hold the input and the output of a step, or say what it does: OpenTelemetry GenAI and others."""

from __future__ import annotations

INPUT_ATTRIBUTES = (
    "langfuse.observation.input",
    "langfuse.trace.input",
    "gcp.vertex.agent.llm_request",
    "gcp.vertex.agent.tool_call_args",
    "mlflow.spanInputs",
    "traceloop.entity.input",
    "input.value",
    "gen_ai.input.messages",
    "llm.input_messages",
    "gen_ai.prompt",
    "ai.prompt.messages",
    "ai.prompt",
    "ai.toolCall.args",
    "gen_ai.tool.call.arguments",
    "gen_ai.retrieval.query.text",
    "llm.prompts",
    "all_messages_events",
    "pydantic_ai.all_messages",
    "tool_arguments",
    "crew_inputs",
)
OUTPUT_ATTRIBUTES = (
    "langfuse.observation.output",
    "langfuse.trace.output",
    "gcp.vertex.agent.llm_response",
    "gcp.vertex.agent.tool_response",
    "mlflow.spanOutputs",
    "traceloop.entity.output",
    "output.value",
    "gen_ai.output.messages",
    "llm.output_messages",
    "gen_ai.completion",
    "ai.response.text",
    "ai.response.object",
    "ai.toolCall.result",
    "gen_ai.tool.call.result",
    "llm.completions",
    "final_result",
    "tool_response",
    "pydantic_ai.all_messages",
)
"""Attributes of input and output, the fullest first. Requests and answers that were recorded whole hold more than the
messages that were picked out of them: documents, and what tools answered."""
KIND_ATTRIBUTES: dict[str, dict[str, str]] = {
    "langfuse.observation.type": {},
    "openinference.span.kind": {},
    "langsmith.span.kind": {},  # before the operation: of a retriever LangSmith's is `embeddings`
    "traceloop.span.kind": {},
    "gen_ai.operation.name": {
        "chat": "llm",
        "text_completion": "llm",
        "generate_content": "llm",
        "execute_tool": "tool",
        "retrieval": "retriever",
        "vector_db_retrieve": "retriever",
        "embeddings": "embedding",
        "invoke_agent": "agent",
    },
    "run_type": {},
    "ls_run_type": {},
    "span_type": {},
    "mlflow.spanType": {},
    "llm.request.type": {"chat": "llm", "completion": "llm"},
    "ai.operationId": {
        "ai.generatetext.dogenerate": "llm",
        "ai.streamtext.dostream": "llm",
        "ai.generateobject.dogenerate": "llm",
        "ai.streamobject.dostream": "llm",
        "ai.embed.doembed": "embedding",
        "ai.embedmany.doembed": "embedding",
        "ai.toolcall": "tool",
    },
}
"""Attributes that say what a step does, with their words for it where those are not the common ones."""
TYPE_ATTRIBUTES = ("langfuse.observation.type", "openinference.span.kind")
"""Of these, the attributes that say nothing else."""
OTHER_WORDS = {"ai.operationId"}
"""Of these, the attributes whose other words say nothing: `ai.generateText` is what lies around the call."""
MODEL_ATTRIBUTES = ("gen_ai.request.model", "gen_ai.response.model", "llm.model_name", "llm.request.model")
TOOL_ATTRIBUTES = ("gen_ai.tool.name", "gen_ai.tool.call.id")
"""What only model calls have, and what only calls of tools have, where nothing says what a step does."""
