"""Traces as a store gives them, normalised."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, JsonValue

from assay.judges.schema import Record

OWN_ENVIRONMENT = "assay"
"""Environment of everything we record about ourselves. It is never sampled, so no judge is ever judged."""


MOST_TOKENS = 2_000_000_000
"""Of one count. No trace takes more, and a column of 32 bits still holds it."""

TokenCount = Annotated[int, Field(strict=True, ge=0, le=MOST_TOKENS)]


class Tokens(Record):
    """Tokens of a model call. None: nobody said.

    Attributes:
        input: all that went in, those from and into the provider's cache among them.
        cached: those of the input that the provider had in its cache.
        cache_write: those of the input that it put into its cache.
        output: all that came out, reasoning among them.
        reasoning: those of the output that nobody sees.
    """

    input: TokenCount | None = None
    cached: TokenCount | None = None
    cache_write: TokenCount | None = None
    output: TokenCount | None = None
    reasoning: TokenCount | None = None


class Observation(Record):
    """One step inside a trace: a retrieval, a generation, a tool call.

    Attributes:
        model: as the store's own column names it.
        usage: what the store's own columns count, as are `cost_usd` and `first_token`. Attributes of the application
            lie in `metadata`, whichever dialect they are in (`assay.worker.extraction.names.dialects`).
        first_token: when the first token of a streamed answer came.
    """

    id: str
    type: str = "span"
    name: str = ""
    parent_id: str | None = None
    start: AwareDatetime
    end: AwareDatetime | None = None
    level: str = "DEFAULT"
    input: JsonValue = None
    output: JsonValue = None
    model: str | None = None
    usage: Tokens | None = None
    cost_usd: float | None = Field(default=None, strict=True, ge=0.0, allow_inf_nan=False)
    first_token: AwareDatetime | None = None
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


class TraceRoot(Record):
    """The columns of a trace that selection may look at. Content is fetched only for what was selected.

    Attributes:
        store: the name of its store, where the deployment has several and this is not the first.
    """

    trace_id: str
    observation_id: str
    name: str = ""
    environment: str = "default"
    start: AwareDatetime
    end: AwareDatetime | None = None
    level: str = "DEFAULT"
    release: str | None = None
    version: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    store: str = ""


class Trace(Record):
    """One recorded run of the user's application, normalised: its root and the observations under it."""

    root: TraceRoot
    input: JsonValue = None
    output: JsonValue = None
    observations: tuple[Observation, ...] = ()

    @property
    def id(self) -> str:
        """The store's own id of the trace: an opaque string."""
        return self.root.trace_id


class TraceKey(Record):
    """How to find one selected trace again: its id and the time bounds a store needs to find it cheaply."""

    trace_id: str
    start: AwareDatetime
    end: AwareDatetime | None = None


def utc_iso(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds: sorts as text in the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
