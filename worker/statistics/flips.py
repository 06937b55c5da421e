"""How often an unchanged release changes a verdict by chance alone."""

from __future__ import annotations

from pydantic import Field

from assay.judges.schema import Record


class Flips(Record):
    """Chance changes between two runs of one release.

    `rate` is the share of items that pass in one run and fail in the next, and of those that do the reverse. `together`
    is the share of these changes that takes a whole cluster along.
    """

    rate: float = Field(ge=0, le=0.25)
    together: float = Field(default=0.0, ge=0, le=1)


ASSUMED_FLIPS = Flips(rate=0.02)
"""What is taken for the flips by chance where no runs of one release tell it: 2 % each way, item by item."""
