"""Trace and observation events of POST /ingestion, which only the older generation takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.langfuse.issues import Issue

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

TYPES = (
    "trace-create", "event-create", "span-create", "span-update", "generation-create", "generation-update",
    "agent-create", "tool-create", "chain-create", "retriever-create", "evaluator-create", "embedding-create",
    "guardrail-create", "observation-create", "observation-update",
)  # fmt: skip


def take(project: Project, event: dict[str, Any]) -> list[Issue]:
    return []
