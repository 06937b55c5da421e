"""Which route does what, in which group its requests are counted and who may call it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.servers.langfuse import (
    about,
    annotation_queues,
    comments,
    dataset_runs,
    datasets,
    experiments,
    gone,
    metrics,
    observations,
    older_reads,
    older_scores,
    otlp,
    prompts,
    score_configs,
    score_reads,
    score_writes,
)
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
    Route("POST", "/v2/datasets", datasets.create, "datasets"),
    Route("GET", "/v2/datasets", datasets.listing, "datasets"),
    Route("GET", "/v2/datasets/{}", datasets.get, "datasets"),
    Route("GET", "/datasets", datasets.older_listing, "datasets"),
    Route("GET", "/datasets/{}", datasets.older_get, "datasets"),
    Route("POST", "/dataset-items", datasets.put_item, "datasets"),
    Route("GET", "/dataset-items", datasets.list_items, "datasets"),
    Route("GET", "/dataset-items/{}", datasets.get_item, "datasets"),
    Route("DELETE", "/dataset-items/{}", datasets.delete_item, "datasets"),
    Route("POST", "/annotation-queues", annotation_queues.create, "queues"),
    Route("GET", "/annotation-queues", annotation_queues.listing, "queues"),
    Route("GET", "/annotation-queues/{}", annotation_queues.get, "queues"),
    Route("POST", "/annotation-queues/{}/items", annotation_queues.add_item, "queues"),
    Route("GET", "/annotation-queues/{}/items", annotation_queues.list_items, "queues"),
    Route("GET", "/annotation-queues/{}/items/{}", annotation_queues.get_item, "queues"),
    Route("PATCH", "/annotation-queues/{}/items/{}", annotation_queues.update_item, "queues"),
    Route("DELETE", "/annotation-queues/{}/items/{}", annotation_queues.delete_item, "queues"),
    Route("POST", "/comments", comments.create),
    Route("GET", "/comments", comments.listing),
    Route("GET", "/comments/{}", comments.get),
    Route("GET", "/v2/prompts", prompts.listing, "prompts"),
    Route("GET", "/v2/prompts/{}", prompts.get, "prompts"),
    Route("DELETE", "/traces/{}", gone.delete_trace, "deletes"),
    Route("DELETE", "/traces", gone.delete_trace, "deletes"),
)
NEWER = (
    Route("GET", "/v2/observations", observations.list_observations),
    Route("GET", "/v2/metrics", metrics.metrics, "metrics"),
    Route("GET", "/experiments", experiments.list_experiments),
    Route("GET", "/experiment-items", experiments.list_items),
)
EVENTS_ONLY = (
    Route("POST", "/dataset-run-items", datasets.link_run, "datasets"),
    *(Route(method, path, gone.gone, "legacy") for method, path in gone.PATHS),
)


OLDER = (
    Route("GET", "/traces", older_reads.list_traces, "legacy"),
    Route("GET", "/traces/{}", older_reads.get_trace, "legacy"),
    Route("GET", "/observations", older_reads.list_observations, "legacy"),
    Route("GET", "/observations/{}", older_reads.get_observation, "legacy"),
    Route("GET", "/sessions", older_reads.list_sessions, "legacy"),
    Route("GET", "/sessions/{}", older_reads.get_session, "legacy"),
    Route("GET", "/v2/scores", older_scores.list_scores, "legacy"),
    Route("GET", "/v2/scores/{}", older_scores.get_score, "legacy"),
    Route("GET", "/scores", older_scores.list_scores, "legacy"),
    Route("GET", "/scores/{}", older_scores.get_score, "legacy"),
    Route("GET", "/metrics", metrics.older_metrics, "legacy"),
    Route("POST", "/dataset-run-items", dataset_runs.link, "datasets"),
    Route("GET", "/dataset-run-items", dataset_runs.list_items, "legacy"),
    Route("GET", "/datasets/{}/runs", dataset_runs.list_runs, "legacy"),
    Route("GET", "/datasets/{}/runs/{}", dataset_runs.get_run, "legacy"),
)


def size_limit_text(route: Route) -> str:
    """What the server says when a body is over the route's limit."""
    return f"Body exceeded {route.most_bytes / MB:g}mb limit"
