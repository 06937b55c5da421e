"""`drift:` in assay.yaml: what is compared with which baseline."""

from __future__ import annotations

from pydantic import Field

from assay.worker.config.section import FilledSection


class Embeddings(FilledSection):
    """Vectors of a model instead of the hashed ones that every trace gets."""

    endpoint: str = Field(
        default="default", min_length=1, description="Name of the endpoint, as in `endpoints`, that embeds texts."
    )
    model: str = Field(min_length=1, description="Its embedding model, e.g. text-embedding-3-small.")
    timeout_seconds: float = Field(
        default=5.0, gt=0, le=60, description="A text without a vector by then keeps its hashed one."
    )


class Drifting(FilledSection):
    """How drift is looked for."""

    days: int = Field(default=7, ge=1, le=30, description="Full UTC days of traffic that the daily check looks at.")
    min_traces: int = Field(
        default=200, ge=50, le=100_000, description="With fewer traces since the baseline nothing is compared."
    )
    automatic_baseline: bool = Field(
        default=True, description="Take one from the last 7 full days where a use case has none."
    )
    baseline_traces: int = Field(
        default=500, ge=100, le=100_000, description="Traces that an automatic baseline needs."
    )
    alpha: float = Field(default=0.05, gt=0, le=0.5, description="Risk of a false alarm of one check, over all tests.")
    least_change: float = Field(
        default=0.05, ge=0, le=1, description="Share of traffic that must have changed; less is not called drift."
    )
    least_share_change: float = Field(
        default=0.02, ge=0, le=1, description="The same for refusals, empty answers and answers without passages."
    )
    embeddings: Embeddings | None = Field(
        default=None, description="A model that embeds questions and answers; without it vectors are hashed words."
    )
