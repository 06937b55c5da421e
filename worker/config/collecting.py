"""`collector` in assay.yaml: how much `assay collector` takes, and for how long it is kept."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from assay.worker.config.section import FilledSection
from assay.worker.config.stores import Place
from assay.worker.ports.capabilities import WithSpanIntake
from assay.worker.stores.registry import kinds_with

MEGABYTE = 1_000_000


class Collecting(FilledSection):
    """What is taken from applications that send their spans. `collector: {}` is enough."""

    keep_days: int = Field(
        default=14, ge=1, le=3650, description="Days after which what came is forgotten, with its scores."
    )
    body_mb: float = Field(default=16, gt=0, le=256, description="Most megabytes of one request, inflated.")
    requests_at_once: int = Field(default=64, ge=1, le=10_000, description="Requests that are worked on at once.")
    requests_per_second: float = Field(default=500, gt=0, description="Beyond it senders are asked to wait (429).")
    mb_per_second: float = Field(default=50, gt=0, description="Megabytes, inflated; beyond it the same.")

    @property
    def body_bytes(self) -> int:
        """Most bytes of one request, inflated."""
        return int(self.body_mb * MEGABYTE)

    @property
    def held_bytes(self) -> int:
        """Most bytes of requests that are not answered yet. Those of two at least, or one large one fills it."""
        return max(32 * MEGABYTE, 2 * self.body_bytes)


def span_place(places: Iterable[Place]) -> Place:
    """The store that spans go to: the first that takes them.

    Args:
        places: the stores of the deployment.

    Raises:
        ValueError: none takes them; names key and remedy.
    """
    taking = next((place for place in places if WithSpanIntake in place.factory.capabilities), None)
    if taking is None:
        kinds = kinds_with(WithSpanIntake)
        raise ValueError(f"collector: no store takes spans; have one of kind {kinds}, or remove this section")
    return taking
