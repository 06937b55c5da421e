"""The names under which a price table may hold a model: routers, clouds and providers write one model in many ways."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ROUTES = re.compile(
    r"(?:(?:openrouter|litellm|litellm_proxy|openai|azure|azure_ai|azure_openai|anthropic|bedrock|bedrock_converse"
    r"|amazon-bedrock|converse|vertex_ai|google_vertexai|vertex|models|gemini|google_genai|google-gla|google-vertex"
    r"|google|publishers/google|x-ai|xai)[/:])+"
)
"""Where a call goes through, before the model's name: `openrouter/anthropic/`, `azure/`, `models/`, `openai:`.

All of these sell at the maker's list price. Hosts of open models (`groq/`, `accounts/fireworks/models/`) set their own:
a table may hold them by their whole names.
"""

_PROFILE = re.compile(r"arn:aws:bedrock:[^/]+/")
"""How Bedrock names a model in full, before its name: `arn:aws:bedrock:us-east-1::foundation-model/`."""

_BEDROCK = re.compile(r"(?:(?:us|us-gov|eu|apac|jp|au|ca|global)\.)?anthropic\.(.+?)(?:-v\d+(?::\d+)?)?")
"""A model of Anthropic's on Bedrock: `us.anthropic.claude-opus-4-5-20251101-v1:0`."""

_DOTTED = re.compile(r"(claude-[a-z]+-\d+)\.(\d+)")
"""A version with a point, where the provider writes a hyphen: `claude-opus-4.5`."""

_SNAPSHOT = re.compile(r"[-@](?:\d{4}-\d{2}-\d{2}|\d{8})$")
"""A dated suffix as providers append it to a model's name: `-2024-08-06`, `-20240806` or `@20240806`."""

_NUMBERED = re.compile(r"(gemini-[\w.-]+)-00\d")
"""A stable version of a Gemini model: `gemini-2.5-flash-001`."""

_FINE_TUNED = re.compile(r"(ft:[^:]+):.*")
"""A model that somebody tuned: `ft:gpt-4o-2024-08-06:org::id`. It has a price of its own, under `ft:gpt-4o`."""


def price_names(model: str) -> Iterator[str]:
    """The names to look a model up by, the most exact first.

    A name that could mean another model is not tried: a tuned model is never priced as the one it came from, and a
    variant (`:free`, `:thinking`) not as the usual one.
    """
    yield model
    whole = model.strip().lower()
    yield whole
    yield _SNAPSHOT.sub("", whole)  # a table may hold a model by its router's name
    name = _PROFILE.sub("", whole)
    name = _ROUTES.sub("", name, count=1) if _ROUTES.match(name) else name
    if match := _BEDROCK.fullmatch(name):
        name = match.group(1)
    if match := _FINE_TUNED.fullmatch(name):
        name = match.group(1)
    if match := _NUMBERED.fullmatch(name):
        name = match.group(1)
    name = _DOTTED.sub(r"\1-\2", name)
    yield name
    yield _SNAPSHOT.sub("", name)
