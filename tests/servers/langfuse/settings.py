"""What a test may choose about the server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Generation = Literal["v4", "dual", "v3"]
"""`v4`: events_only, as recorded; `dual`: a v4 that still serves the older reads, as recorded; `v3`: only those."""

EVENTS_ONLY_404 = (
    "This endpoint is not available on deployments running in Langfuse v4 events_only mode. "
    "Learn more about Langfuse v4 at: https://langfuse.com/docs/v4"
)

HOBBY = {"general": 30, "ingestion": 1000, "datasets": 100, "legacy": 15}
"""Requests a minute of the smallest cloud plan; POST /scores is in `general`."""


@dataclass(frozen=True)
class LangfuseSettings:
    """How the server behaves; the defaults are the recorded self-hosted 4.16 without its waiting times."""

    generation: Generation = "v4"
    score_body: Literal["object", "list"] = "object"
    """What POST /scores takes: one object (before 4.59), or a list as well (after)."""
    score_lag_s: float = 0.0
    """From a score's answer to its visibility; 5 to 8 s on a real server, 15 and more at midnight UTC."""
    span_lag_s: float = 0.0
    legacy_lag_s: float = 600.0
    """Dual mode: how long older events take to reach v2/observations; over ten minutes on a real server."""
    delete_lag_s: float = 0.0
    per_minute: dict[str, int] = field(default_factory=dict)
    """Limit per route group (general, ingestion, datasets, legacy, metrics); absent: none, as when self-hosted."""
    rate_window_s: float = 60.0
    most_response_bytes: int | None = None
    """Answers over this are refused with 413, as the cloud does at 5 MB; None: no cap, as when self-hosted."""
    most_request_bytes: int | None = None
    """Bodies over this are refused with 413 on every route; None: only over what the route itself takes."""
    most_header_bytes: int = 16_384
    """Request line and headers; more is 431. Node's default."""
    most_rows_scanned: int | None = None
    """A listing whose time range holds more rows is refused with 422, as ClickHouse does out of time."""
    most_rows_read: int | None = None
    """A page of content, or a whole trace, of more rows is refused with 422; a smaller page of it is not."""
    project_id: str = "support-desk-project"
    project_name: str = "Support desk"
    organization: tuple[str, str] = ("lf-test-org", "TestOrg")
    public_key: str = "pk-lf-test"
    secret_key: str = "sk-lf-test"  # a test's own key

    @property
    def version(self) -> str:
        """What /health says: a release that behaves so."""
        if self.generation == "v3":
            return "3.179.0"
        return "4.59.0" if self.score_body == "list" else "4.16.0"
