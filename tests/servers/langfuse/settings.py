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

HOBBY = {
    "general": 30, "ingestion": 1000, "datasets": 100, "legacy": 15, "queues": 100, "metrics": 100, "deletes": 50,
}  # fmt: skip
"""Requests of the smallest cloud plan, a minute or what `WINDOWS` says; POST /scores is in `general`."""

WINDOWS = {"metrics": 1440, "deletes": 1440}
"""Groups whose limit holds for longer than a minute: for so many of them."""


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
    """Limit per route group (general, ingestion, datasets, legacy, queues, metrics, deletes); absent: none, as when
    self-hosted.
    """
    rate_window_s: float = 60.0
    """A minute of the limits; a test may make it shorter."""
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
    insists_on_dates: bool = False
    """LANGFUSE_API_TRACES_REJECT_NO_DATE_RANGE: GET /traces without a time range is refused."""
    release: str | None = None
    """The version /health tells, and what goes with it: a v3 below 3.179 has no /v3/scores."""

    @property
    def version(self) -> str:
        """What /health says: a release that behaves so."""
        if self.release is not None:
            return self.release
        if self.generation == "v3":
            return "3.179.0"
        return "4.59.0" if self.score_body == "list" else "4.16.0"

    @property
    def has_v3_scores(self) -> bool:
        """Whether scores can be read the newer way."""
        major, minor = (int(part) for part in self.version.split(".")[:2])
        return (major, minor) >= (3, 179)
