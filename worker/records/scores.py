"""Scores as they are written, and the id each has."""

from __future__ import annotations

import uuid
from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from assay.judges.schema import Record

STATE_SCORE = "grounding_state"
"""The categorical score of grounding. Other rubrics have theirs under `Rubric.state_score`.

Its id tells whether the store has our scores of a trace.
"""

_SCORE_NAMESPACE = uuid.UUID("7d0c3f0e-6a53-5d0f-9a3e-1f6f2b5a9d41")


class Score(Record):
    """A named value ready to be written on a trace.

    Attributes:
        value: a float, or a string for a categorical score.
        timestamp: the trace's start, never "now". Some stores identify a score by id, name and day of the timestamp,
            and a rewrite must hit the same row.
    """

    id: str
    trace_id: str
    observation_id: str | None = None
    name: str
    value: float | str
    comment: str = ""
    environment: str = "default"
    timestamp: AwareDatetime
    metadata: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def data_type(self) -> Literal["NUMERIC", "CATEGORICAL"]:
        """NUMERIC for floats, CATEGORICAL for strings."""
        return "CATEGORICAL" if isinstance(self.value, str) else "NUMERIC"


class ScoreSpec(Record):
    """What a score of ours may be: a range, or categories. Stores that have such definitions are given this one."""

    name: str
    data_type: Literal["NUMERIC", "CATEGORICAL"]
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()
    description: str = ""


def score_id(
    project: str, trace_id: str, observation_id: str | None, *, rubric_name: str, rubric_hash: str, name: str
) -> str:
    """The id of a score, the same however often and by whichever tier it is computed.

    Judge, tier and model are no part of it, on purpose: a retry under another tier overwrites.
    """
    key = "\x1f".join((project, trace_id, observation_id or "", rubric_name, rubric_hash, name))
    return str(uuid.uuid5(_SCORE_NAMESPACE, key))
