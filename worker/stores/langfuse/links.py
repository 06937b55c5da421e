"""Addresses of Langfuse's own pages."""

from __future__ import annotations

from urllib.parse import quote


def trace_page(base_url: str, project: str, trace_id: str, observation_id: str | None = None) -> str:
    """The page of a trace, with an observation chosen where one is named.

    Example: `https://cloud.langfuse.com/project/p1/traces/4bf92f35?observation=00f067aa`.
    """
    # An id is an opaque string of an application's own: it may hold slashes, blanks and brackets.
    page = f"{base_url}/project/{_quoted(project)}/traces/{_quoted(trace_id)}"
    return page + (f"?observation={_quoted(observation_id)}" if observation_id else "")


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")
