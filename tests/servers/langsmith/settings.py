"""Which LangSmith a server is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class LangSmithSettings:
    """`newer` answers only the newer query, `older` only the older, `both` either.

    Attributes:
        gone_status: what a route that is no more answers.
        writes_over: whether feedback of the same id is written over. Else it is a conflict.
        shows_superseded: whether what was written over is still listed, as before a database cleans up.
        queries_in_10_s: run queries that pass; None: all.
    """

    generation: Literal["newer", "older", "both"] = "newer"
    gone_status: int = 410
    writes_over: bool = True
    shows_superseded: bool = False
    queries_in_10_s: int | None = None
    key: str = "lsv2_pt_contract_key"
