"""What a Langfuse server takes from the spans of other libraries: an observation's type, name, input and output.

Read in its source (`OtelIngestionProcessor`, `ObservationTypeMapper`; 4.16 and later): dialects are tried in a fixed
order, and the first that has an input or an output gives both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

Values = dict[str, Any]
Texts = tuple[Any, Any]
Pair = tuple[tuple[str, ...], tuple[str, ...]]

LANGFUSE_TYPES = {
    "span", "generation", "event", "agent", "tool", "chain", "retriever", "evaluator", "embedding", "guardrail",
}  # fmt: skip
OPENINFERENCE = {
    "LLM": "GENERATION", "RETRIEVER": "RETRIEVER", "TOOL": "TOOL", "CHAIN": "CHAIN", "AGENT": "AGENT",
    "EMBEDDING": "EMBEDDING", "GUARDRAIL": "GUARDRAIL", "EVALUATOR": "EVALUATOR",
}  # fmt: skip
GENAI = {
    "chat": "GENERATION", "completion": "GENERATION", "text_completion": "GENERATION", "generate": "GENERATION",
    "generate_content": "GENERATION", "embeddings": "EMBEDDING", "invoke_agent": "AGENT", "create_agent": "AGENT",
    "execute_tool": "TOOL",
}  # fmt: skip
VERCEL = {
    "ai.generateText.doGenerate": "GENERATION", "ai.streamText.doStream": "GENERATION",
    "ai.generateObject.doGenerate": "GENERATION", "ai.streamObject.doStream": "GENERATION",
    "ai.embedMany.doEmbed": "EMBEDDING", "ai.embed.doEmbed": "EMBEDDING", "ai.toolCall": "TOOL",
}  # fmt: skip
MODEL_KEYS = ("langfuse.observation.model.name", "gen_ai.request.model", "gen_ai.response.model", "llm.model_name",
              "model")  # fmt: skip

PAIRS = (
    (("gcp.vertex.agent.llm_request", "gcp.vertex.agent.tool_call_args"),
     ("gcp.vertex.agent.llm_response", "gcp.vertex.agent.tool_response")),
    (("prompt",), ("all_messages_events",)),
    (("lk.input_text", "lk.user_transcript", "lk.chat_ctx"), ("lk.function_tool.output", "lk.response.text")),
    (("mlflow.spanInputs",), ("mlflow.spanOutputs",)),
    (("traceloop.entity.input",), ("traceloop.entity.output",)),
    (("input.value",), ("output.value",)),
    (("input",), ("output",)),
)  # fmt: skip
"""Attributes of input and output by dialect, before those that are spread over many attributes."""
PYDANTIC_AI = (("pydantic_ai.all_messages",), ("final_result",))
TOOL_ATTRIBUTES = (("tool_arguments",), ("tool_response",))
"""What Pydantic AI notes of a tool's call; they stay in the metadata all the same."""
GENAI_PAIRS = (
    (("gen_ai.input.messages",), ("gen_ai.output.messages",)),
    (("gen_ai.tool.call.arguments",), ("gen_ai.tool.call.result",)),
)
SPREAD = (("gen_ai.prompt", "gen_ai.completion"), ("llm.input_messages", "llm.output_messages"))
"""e.g. `llm.input_messages.0.message.content`."""
VERCEL_INPUTS = ("ai.prompt.messages", "ai.prompt", "ai.toolCall.args")
VERCEL_OUTPUTS = ("ai.response.text", "ai.result.text", "ai.toolCall.result", "ai.response.object", "ai.result.object",
                  "ai.response.toolCalls", "ai.result.toolCalls")  # fmt: skip
OWN = ("langfuse.trace.input", "langfuse.trace.output", "langfuse.observation.input", "langfuse.observation.output")
HIDDEN = {
    *OWN, *VERCEL_INPUTS, *VERCEL_OUTPUTS, "events", "lk.user_input", "final_result", "pydantic_ai.all_messages",
    *(name for pair in (*PAIRS, *GENAI_PAIRS) for names in pair for name in names),
}  # fmt: skip
INPUT_EVENTS = re.compile(r"gen_ai\.(system|user|assistant|tool)\.message")


def is_hidden(name: str) -> bool:
    """Whether an attribute is left out of the metadata, since it may be the input or the output."""
    return name in HIDDEN or name.startswith(tuple(prefix for pair in SPREAD for prefix in pair))


def type_of(own: Values) -> str:
    """The observation's type; SPAN where no dialect says one."""
    named = str(own.get("langfuse.observation.type", ""))
    if named in LANGFUSE_TYPES:
        return named.upper()
    operation = str(own.get("operation.name") or own.get("ai.operationId") or "")
    known = (
        OPENINFERENCE.get(str(own.get("openinference.span.kind", "")))
        or GENAI.get(str(own.get("gen_ai.operation.name", "")))
        or next((kind for prefix, kind in VERCEL.items() if operation.startswith(prefix)), None)
    )
    if known is None and (own.get("gen_ai.tool.name") or own.get("gen_ai.tool.call.id")):
        return "TOOL"
    return known or ("GENERATION" if any(own.get(key) for key in MODEL_KEYS) else "SPAN")


def name_of(name: str, own: Values) -> str:
    """The observation's name: a tool's own, Logfire's message, Vercel's operation, else the span's."""
    for key in ("gen_ai.tool.name", "logfire.msg", "ai.toolCall.name"):
        if own.get(key):
            return _text(own[key])
    if "ai.operationId" in own:
        function = own.get("ai.telemetry.functionId")
        return f"{function}:{own['ai.operationId']}" if function else str(own["ai.operationId"])
    return name


def texts_of(own: Values, events: Iterable[tuple[str, Values]], scope: str) -> Texts:
    """Input and output of the first dialect that has one; events as (name, attributes)."""
    own_texts = partial(_pair, own, (("langfuse.observation.input",), ("langfuse.observation.output",)))
    dialects: tuple[Callable[[], Texts], ...] = (
        own_texts,
        *((partial(_vercel, own),) if scope == "ai" else ()),
        partial(_from_events, list(events)),
        *(partial(_pair, own, pair) for pair in PAIRS[:3]),
        partial(_logfire, own.get("events")),
        *(partial(_pair, own, pair) for pair in PAIRS[3:]),
        *((partial(_pair, own, PYDANTIC_AI),) if scope == "pydantic-ai" else ()),
        partial(_pair, own, TOOL_ATTRIBUTES),
        *(partial(_spread, own, names) for names in SPREAD),
        *(partial(_pair, own, pair) for pair in GENAI_PAIRS),
    )
    for dialect in dialects:
        given, answered = dialect()
        if given not in (None, "") or answered not in (None, ""):
            return given, answered
    return None, None


def _pair(own: Values, pair: Pair) -> Texts:
    given, answered = (next((own[key] for key in keys if own.get(key) not in (None, "", "{}")), None) for keys in pair)
    return given, answered


def _spread(own: Values, names: tuple[str, str]) -> Texts:
    return _nested(own, names[0]), _nested(own, names[1])


def _vercel(own: Values) -> Texts:
    given = next((own[key] for key in VERCEL_INPUTS if key in own), None)
    if "ai.response.text" in own and "ai.response.toolCalls" in own:
        message = {"role": "assistant", "content": own["ai.response.text"], "tool_calls": own["ai.response.toolCalls"]}
        return given, json.dumps(message)
    return given, next((own[key] for key in VERCEL_OUTPUTS if own.get(key)), None)


def _from_events(events: list[tuple[str, Values]]) -> Texts:
    """OpenTelemetry's message events, and the two that Semantic Kernel once sent."""
    given = [{"role": match[1], **values} for name, values in events if (match := INPUT_EVENTS.fullmatch(name))]
    choices = [values for name, values in events if name == "gen_ai.choice"]
    if given or choices:
        return given or None, (choices[0] if len(choices) == 1 else choices or None)
    prompt = next((values for name, values in events if name == "gen_ai.content.prompt"), None)
    completion = next((values for name, values in events if name == "gen_ai.content.completion"), None)
    if prompt is None and completion is None:
        return None, None
    return (
        texts_of(prompt or {}, (), "")[0] or prompt or {},
        texts_of(completion or {}, (), "")[1] or completion or {},
    )


def _logfire(events: Any) -> Texts:
    try:
        parsed = json.loads(events) if isinstance(events, str) else events
    except ValueError:
        return None, None
    if not isinstance(parsed, list):
        return None, None
    given = [event for event in parsed if event.get("event.name") != "gen_ai.choice"]
    choice = next((event for event in parsed if event.get("event.name") == "gen_ai.choice"), None)
    return given or None, choice


def _nested(own: Mapping[str, Any], prefix: str) -> Any:
    """Attributes `PREFIX.0.message.content` as a list of objects; the attribute `PREFIX` itself where it is there."""
    if own.get(prefix):
        return own[prefix]
    paths = {key[len(prefix) + 1 :]: value for key, value in own.items() if key.startswith(f"{prefix}.")}
    if not paths:
        return None
    tree: Values = {}
    for path, value in paths.items():
        at = tree
        *steps, last = path.split(".")
        for step in steps:
            at = at.setdefault(step, {})
        at[last] = value
    return _lists(tree)


def _lists(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    inner = {key: _lists(value) for key, value in tree.items()}
    return [inner[key] for key in sorted(inner, key=int)] if inner and all(key.isdigit() for key in inner) else inner


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
