"""Scores as they are written, and the id each has."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import AwareDatetime, Field, JsonValue

from assay.judges.schema import Record

_SCORE_NAMESPACE = uuid.UUID("7d0c3f0e-6a53-5d0f-9a3e-1f6f2b5a9d41")


class ScoreKey(NamedTuple):
    """How to find one score again: its id, and the trace that a store may have to be asked by.

    Attributes:
        id: the score's.
        trace_id: of the trace it hangs on.
        start: of the trace.
        end: of the trace, where it is known.
        observation_id: the step that it hangs on; None: the trace itself.
    """

    id: str
    trace_id: str
    start: datetime
    end: datetime | None = None
    observation_id: str | None = None


class Score(Record):
    """A named value ready to be written on a trace.

    Attributes:
        value: a float, or a string for a categorical score.
        timestamp: the trace's start, never "now". Some stores identify a score by id, name and day of the timestamp,
            and a rewrite must hit the same row.
        root_id: the trace's root span, where it is known. A sink that takes spans or events hangs them under it.
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
    root_id: str | None = None

    @property
    def key(self) -> ScoreKey:
        """How to find it again."""
        return ScoreKey(self.id, self.trace_id, self.timestamp, observation_id=self.observation_id)

    @property
    def data_type(self) -> Literal["NUMERIC", "CATEGORICAL"]:
        """NUMERIC for floats, CATEGORICAL for strings."""
        return "CATEGORICAL" if isinstance(self.value, str) else "NUMERIC"


class SessionScore(Record):
    """A named number ready to be written on a session.

    Attributes:
        timestamp: of two writes the later one counts, so a store that dates scores by it must find it growing.
    """

    id: str
    session_id: str
    name: str
    value: float
    comment: str = ""
    environment: str = "default"
    timestamp: AwareDatetime
    metadata: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def data_type(self) -> Literal["NUMERIC"]:
        """Always NUMERIC."""
        return "NUMERIC"


class ScoreSpec(Record):
    """What a score of ours may be: a range, or categories. Stores that have such definitions are given this one."""

    name: str
    data_type: Literal["NUMERIC", "CATEGORICAL"]
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()
    description: str = ""


def session_score_id(project: str, session_id: str, *, rubric_name: str, rubric_hash: str, name: str) -> str:
    """The id of a score on a session: the same for every turn, so that each turn brings it up to date."""
    return _uuid5("\x1f".join(("session", project, session_id, rubric_name, rubric_hash, name)))


def score_id(
    project: str, trace_id: str, observation_id: str | None, *, rubric_name: str, rubric_hash: str, name: str
) -> str:
    """The id of a score, the same however often and by whichever tier it is computed.

    Judge, tier and model are no part of it, on purpose: a retry under another tier overwrites.
    """
    return _uuid5("\x1f".join((project, trace_id, observation_id or "", rubric_name, rubric_hash, name)))


def _uuid5(key: str) -> str:
    """`str(uuid.uuid5(_SCORE_NAMESPACE, key))`, in a quarter of the time: control workers write ten for each trace."""
    digest = bytearray(hashlib.sha1(_SCORE_NAMESPACE.bytes + key.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50  # the version, 5
    digest[8] = digest[8] & 0x3F | 0x80  # the variant of RFC 9562
    hexed = digest.hex()
    return f"{hexed[:8]}-{hexed[8:12]}-{hexed[12:16]}-{hexed[16:20]}-{hexed[20:]}"
