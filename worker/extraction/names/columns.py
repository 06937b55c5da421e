"""The names under which spans say what a trace store keeps in columns: who asked, in which environment, which release.

Names are whole, the most telling first. A span's own attributes count before those of its resource.
"""

from __future__ import annotations

ROOT_COLUMNS = {
    "environment": {
        "deployment.environment.name": "OpenTelemetry",
        "deployment.environment": "OpenTelemetry before 1.27",
        "gen_ai.environment": "OpenLIT",
        "langfuse.environment": "Langfuse",
        "environment": "common",
    },
    "release": {
        "release": "common",
        "langfuse.release": "Langfuse",
        "vcs.ref.head.revision": "OpenTelemetry",
        "vcs.repository.ref.revision": "OpenTelemetry before 1.29",
        "langsmith.metadata.revision_id": "LangSmith",
    },
    "version": {
        "langfuse.version": "Langfuse",
        "service.version": "OpenTelemetry",
        "app.version": "common",
    },
    "user_id": {
        "user.id": "OpenTelemetry, OpenInference",
        "enduser.id": "OpenTelemetry",
        "langfuse.user.id": "Langfuse",
        "langsmith.metadata.user_id": "LangSmith",
        "ai.telemetry.metadata.userId": "Vercel AI",
        "traceloop.association.properties.user_id": "OpenLLMetry",
    },
    "session_id": {
        "session.id": "OpenTelemetry, OpenInference",
        "gen_ai.conversation.id": "OpenTelemetry GenAI",
        "langfuse.session.id": "Langfuse",
        "langsmith.metadata.thread_id": "LangSmith",
        "langsmith.metadata.session_id": "LangSmith",
        "langsmith.metadata.conversation_id": "LangSmith",
        "langsmith.trace.session_id": "LangSmith",
        "ai.telemetry.metadata.sessionId": "Vercel AI",
        "traceloop.association.properties.session_id": "OpenLLMetry",
        "traceloop.association.properties.thread_id": "OpenLLMetry",
    },
    "tags": {
        "tag.tags": "OpenInference",
        "langfuse.trace.tags": "Langfuse",
        "langsmith.span.tags": "LangSmith, with commas between",
        "logfire.tags": "Logfire",
        "ai.telemetry.metadata.tags": "Vercel AI",
    },
    "name": {
        "langfuse.trace.name": "Langfuse",
        "langsmith.trace.name": "LangSmith",
    },
}
"""Columns of a trace's root."""
METADATA_IN = {
    "metadata": "OpenInference: an object as JSON",
}
"""Attributes that hold an object of the application's own."""
METADATA_BEHIND = {
    "langfuse.observation.metadata.": "Langfuse",
    "langfuse.trace.metadata.": "Langfuse",
    "langsmith.metadata.": "LangSmith",
    "traceloop.association.properties.": "OpenLLMetry",
    "ai.telemetry.metadata.": "Vercel AI",
}
"""What stands before each of its keys where they are attributes of their own."""
LEVELS = {5: "DEBUG", 9: "DEFAULT", 13: "WARNING", 17: "ERROR"}
"""Levels by the number in `logfire.level_num`, which is OpenTelemetry's number of severity."""
LEVEL = "logfire.level_num"
LEVEL_NAME = "langfuse.observation.level"
"""Attributes that say how bad it was, by such a number or by such a name."""
OPENED = ("langfuse.observation.usage_details", "langfuse.observation.cost_details")
"""Objects as JSON with what a call took."""
FIRST_TOKEN_AT = ("langfuse.observation.completion_start_time",)
"""Attributes with the moment of the first token, in ISO 8601, between quotes or not."""
MIME = {"input.value": "input.mime_type", "output.value": "output.mime_type"}
"""Whether a text is JSON, as OpenInference says it. Nothing said: it is a text."""
FIRST_TOKEN_EVENTS = {
    "First Token Stream Event": "OpenInference",
    "new_token": "LangSmith",
    "ai.stream.firstChunk": "Vercel AI",
}
"""Events that tell by their time when the first token came."""
