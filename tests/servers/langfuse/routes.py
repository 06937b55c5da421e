"""Which route does what, in which group its requests are counted and who may call it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.servers.langfuse import about, observations, otlp, score_configs, score_reads, score_writes
from tests.servers.langfuse.calls import Call
from tests.servers.langfuse.issues import Reply

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

Answer = Callable[["Project", Call], Reply]
Access = Literal["project", "scores", "none"]
"""Project key; the public key alone does as well; no key at all."""

MB = 1024 * 1024
API = "/api/public"


@dataclass(frozen=True)
class Route:
    """One route; `{}` in the path stands for one percent-encoded segment."""

    method: str
    path: str
    answer: Answer
    group: str = "general"
    access: Access = "project"
    most_bytes: int = MB

    @property
    def pattern(self) -> str:
        return re.escape(API + self.path).replace(r"\{\}", "([^/]+)")


EVERYWHERE = (
    Route("GET", "/health", about.health, group="none", access="none"),
    Route("GET", "/ready", about.health, group="none", access="none"),
    Route("GET", "/projects", about.projects),
    Route("POST", "/scores", score_writes.post_score, access="scores"),
    Route("DELETE", "/scores/{}", score_writes.delete_score, group="deletes"),
    Route("POST", "/ingestion", score_writes.ingest, "ingestion", "scores", most_bytes=int(4.5 * MB)),
    Route("POST", "/otel/v1/traces", otlp.export, "ingestion", most_bytes=64 * MB),
    Route("GET", "/v3/scores", score_reads.list_scores),
    Route("POST", "/score-configs", score_configs.create),
    Route("GET", "/score-configs", score_configs.listing),
    Route("GET", "/score-configs/{}", score_configs.get),
    Route("PATCH", "/score-configs/{}", score_configs.update),
)
V4 = (Route("GET", "/v2/observations", observations.list_observations),)


def size_limit_text(route: Route) -> str:
    """What the server says when a body is over the route's limit."""
    return f"Body exceeded {route.most_bytes / MB:g}mb limit"
