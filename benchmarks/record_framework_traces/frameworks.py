"""Which frameworks are recorded: packages with their versions, the programs and their scenarios."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Framework:
    """One environment and the programs that run in it.

    Attributes:
        packages: What is installed, e.g. `openai==3.57.0`, for Node.js `ai@6.0.326`.
        programs: Scenarios by program, a file in `programs/` without its suffix. Each scenario makes a recording.
            No file there is named after a package: it would hide it.
        environment: Variables that the framework needs.
        volatile: Patterns of what the framework makes up anew on each run.
        is_node: Whether it is installed by npm and runs in Node.js 20 or newer.
    """

    packages: tuple[str, ...]
    programs: dict[str, tuple[str, ...]]
    environment: dict[str, str] = field(default_factory=dict)
    volatile: tuple[str, ...] = ()
    is_node: bool = False


SDK = "opentelemetry-sdk==1.45.2"
LANGCHAIN = (
    "langchain==1.5.2",
    "langchain-classic==1.0.8",
    "langchain-core==1.8.3",
    "langchain-openai==1.7.4",
    "langgraph==1.2.24",
)
CHAINS = ("lcel", "retrieval-chain", "retrieval-qa", "graph", "plain-graph", "agentic-rag", "agent", "failing-tool")


def german(*scenarios: str) -> tuple[str, ...]:
    """The same scenarios with German texts full of quotes, line breaks and braces."""
    return tuple(f"{scenario}-german" for scenario in scenarios)


def prefixed(prefix: str, scenarios: tuple[str, ...]) -> tuple[str, ...]:
    """Scenarios that one instrumentation records: `openinference-rag`."""
    return tuple(f"{prefix}-{scenario}" for scenario in scenarios)


LANGFUSE_PROGRAMS = {
    "langfuse_observe": prefixed(
        "observe",
        ("plain", "prompt", "unmarked", "method", "untyped-retrieve", "typed-retriever", "stream", "history",
         "guarded", "tool", "failing-tool"),
    ),
    "langfuse_openai": prefixed("openai", ("rag", "stream", "responses", "tool", "failing-tool")),
    "langfuse_langchain": prefixed("langchain", CHAINS),
}  # fmt: skip

WITH_GERMAN = {program: (*scenarios, *german(*scenarios[:-1])) for program, scenarios in LANGFUSE_PROGRAMS.items()}

FRAMEWORKS = {
    "openai": Framework(
        packages=(
            "openai==3.57.0",
            "httpx==0.28.1",
            "openinference-instrumentation-openai==0.1.66",
            "opentelemetry-instrumentation-openai==0.62.4",
            "opentelemetry-instrumentation-openai-v2==2.4b0",
            "opentelemetry-util-genai==0.4b0",
            SDK,
        ),
        programs={
            "openai_app": (
                *prefixed(
                    "openinference",
                    ("hidden", "rag", "stream", "responses", "guarded", "history", "tool", "failing-tool"),
                ),
                *prefixed("openllmetry", ("rag", "stream", "responses", "guarded", "history", "tool", "failing-tool")),
                *prefixed("contrib", ("rag", "stream", "tool", "failing-tool")),
                *german("openinference-rag", "openinference-tool", "openllmetry-responses", "contrib-tool"),
            )
        },
    ),
    "langchain": Framework(
        packages=(
            *LANGCHAIN,
            "openinference-instrumentation-langchain==0.1.80",
            "opentelemetry-instrumentation-langchain==0.62.4",
            SDK,
        ),
        programs={
            "langchain_app": (
                *prefixed("openinference", (*CHAINS, "hidden")),
                *prefixed("openllmetry", CHAINS),
                *german(*prefixed("openinference", CHAINS[:-1]), *prefixed("openllmetry", CHAINS[:-1])),
            )
        },
    ),
    "langfuse5": Framework(packages=("langfuse==5.0.4", "openai==3.57.0", *LANGCHAIN, SDK), programs=WITH_GERMAN),
    "langfuse4": Framework(
        packages=("langfuse==4.18.0", "openai==3.57.0", *LANGCHAIN, SDK), programs=LANGFUSE_PROGRAMS
    ),
    "langfuse3": Framework(
        packages=("langfuse==3.15.0", "openai==3.57.0", *LANGCHAIN, SDK), programs=LANGFUSE_PROGRAMS
    ),
    "openai-agents": Framework(
        packages=(
            "openai-agents==0.24.0",
            "openai==3.57.0",
            "openinference-instrumentation-openai-agents==2.6.0",
            SDK,
        ),
        programs={
            "openai_agents_app": (
                *prefixed("chat", ("prompt", "search", "tool", "failing-tool")),
                *prefixed("responses", ("prompt", "search", "tool", "failing-tool")),
                *german("chat-search", "chat-tool", "responses-prompt", "responses-tool"),
            )
        },
    ),
    "llama-index": Framework(
        packages=(
            "llama-index-core==0.14.25",
            "llama-index-llms-openai==0.8.3",
            "llama-index-embeddings-openai==0.7.0",
            "openinference-instrumentation-llama-index==4.6.1",
            "opentelemetry-instrumentation-llamaindex==0.62.4",
            SDK,
        ),
        programs={
            "llama_index_app": (
                *prefixed(
                    "openinference", ("query-engine", "refine", "chat-engine", "condense", "agent", "failing-tool")
                ),
                *prefixed("openllmetry", ("query-engine", "chat-engine", "agent", "failing-tool")),
                *german("openinference-query-engine", "openinference-chat-engine", "openinference-agent"),
                *german("openllmetry-query-engine"),
            )
        },
        volatile=(r'(?<="llamaindex\.run_id": ")\w+',),
    ),
    "haystack": Framework(
        packages=("haystack-ai==3.4.1", "openinference-instrumentation-haystack==0.1.46", SDK),
        programs={"haystack_app": ("rag", "agent", "failing-tool", *german("rag", "agent"))},
        environment={"HAYSTACK_TELEMETRY_ENABLED": "False"},
    ),
    "dspy": Framework(
        packages=("dspy==3.4.1", "openinference-instrumentation-dspy==0.1.48", SDK),
        programs={"dspy_app": ("rag", "predict", *german("rag", "predict"))},
        environment={"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    ),
    "pydantic-ai": Framework(
        packages=("pydantic-ai-slim[openai]==2.68.0", "openai==3.57.0", SDK),
        programs={
            "pydantic_ai_app": (
                *prefixed("v2", ("prompt", "search", "tool", "failing-tool")),
                *prefixed("v5", ("prompt", "search", "history", "tool", "failing-tool")),
                *prefixed("v6", ("prompt", "search", "tool", "failing-tool")),
                *german("v5-prompt", "v5-search", "v5-tool"),
            )
        },
    ),
    "autogen": Framework(
        packages=(
            "autogen-agentchat==0.7.5",
            "autogen-ext[openai]==0.7.5",
            "openinference-instrumentation-autogen-agentchat==0.1.22",
            SDK,
        ),
        programs={"autogen_app": ("prompt", "tool", "failing-tool", *german("prompt", "tool"))},
    ),
    "semantic-kernel": Framework(
        packages=("semantic-kernel==1.45.0", "openai==3.57.0", SDK),
        programs={"semantic_kernel_app": ("prompt", "agent", "failing-tool", *german("prompt", "agent"))},
        environment={"SEMANTICKERNEL_EXPERIMENTAL_GENAI_ENABLE_OTEL_DIAGNOSTICS_SENSITIVE": "true"},
        volatile=(r"\b(?=[a-z]*[A-Z])(?=[A-Z]*[a-z])[A-Za-z]{16}\b",),  # the name of a function without one
    ),
    "crewai": Framework(
        packages=(
            "crewai==1.15.30",
            "openinference-instrumentation-crewai==1.1.21",
            "openinference-instrumentation-openai==0.1.66",
            SDK,
        ),
        programs={
            "crewai_app": (
                *prefixed("alone", ("prompt", "tool", "failing-tool")),
                *prefixed("client", ("prompt", "tool", "failing-tool")),
                *german("alone-prompt", "alone-tool", "client-tool"),
            )
        },
        environment={"CREWAI_DISABLE_TELEMETRY": "true", "CREWAI_TRACING_ENABLED": "false"},
    ),
    "vercel-ai": Framework(
        packages=(
            "ai@6.0.326",
            "@ai-sdk/openai@3.0.141",
            "@opentelemetry/sdk-trace-node@2.12.1",
            "@opentelemetry/resources@2.12.1",
            "@opentelemetry/api@1.9.1",
            "zod@4.6.7",
        ),
        programs={"vercel_ai_app": ("prompt", "stream", "search", "tool", "failing-tool")},
        volatile=(r"\baitxt-\w{16,32}", r"\bmsg-\w{16}"),
        is_node=True,
    ),
    "anthropic": Framework(
        packages=(
            "anthropic==2.14.0",
            "openinference-instrumentation-anthropic==3.1.0",
            "opentelemetry-instrumentation-anthropic==0.62.4",
            SDK,
        ),
        programs={
            "anthropic_app": (
                *prefixed("openinference", ("prompt", "documents", "tool", "failing-tool")),
                *prefixed("openllmetry", ("prompt", "documents", "tool", "failing-tool")),
                *german("openinference-documents", "openllmetry-documents", "openinference-tool"),
            )
        },
    ),
    "google-genai": Framework(
        packages=("google-genai==3.6.1", "openinference-instrumentation-google-genai==1.4.14", SDK),
        programs={"google_genai_app": ("prompt", "chat", "tool", "failing-tool", *german("prompt", "tool"))},
    ),
    "strands": Framework(
        packages=("strands-agents[openai]==1.62.0", "opentelemetry-sdk==1.45.1"),
        programs={"strands_app": ("prompt", "search", "tool", "failing-tool", *german("search", "tool"))},
    ),
    "smolagents": Framework(
        packages=("smolagents[openai]==1.26.0", "openinference-instrumentation-smolagents==0.1.43", SDK),
        programs={"smolagents_app": ("search", "tool", "failing-tool", *german("search", "tool"))},
    ),
    "agno": Framework(
        packages=("agno==3.1.10", "openai==3.57.0", "openinference-instrumentation-agno==1.0.15", SDK),
        volatile=(r"\b[0-9a-f]{16}\b",),
        programs={"agno_app": ("prompt", "search", "tool", "failing-tool", *german("search", "tool"))},
    ),
    "google-adk": Framework(
        packages=("google-adk==2.13.0", "google-genai==2.34.0", "opentelemetry-sdk==1.44.0"),
        programs={"google_adk_app": ("prompt", "search", "tool", "failing-tool", *german("search", "tool"))},
        environment={
            "GOOGLE_API_KEY": "none",
            "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
        },
    ),
}
