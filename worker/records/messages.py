"""Messages as they travel through queues: ids and survey design, never content."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from assay.judges.schema import Record

BATCH_SIZE = 16
"""Traces in one message: a Celery message costs about ten Redis commands, so one trace a message would cost
more than judging it; larger batches wait for their slowest call."""

LONGEST_RUN_S = 24 * 3600.0
"""After this a scheduled golden run is given up whatever its manifest says."""


Pi = Annotated[float, Field(gt=0.0, le=1.0)]
"""Probability with which a trace was selected; 1/pi is its weight in every reported rate."""


class BatchItem(Record):
    """One selected trace in a message: ids and survey design, never its content."""

    trace_id: str
    start: AwareDatetime
    end: AwareDatetime | None = None
    pi: Pi
    stratum: str
    sample: Literal["base", "boost"] = "base"


class AssessMessage(Record):
    """Version 1 of the message that asks a worker to judge up to 16 traces of one use case by one rubric."""

    v: Literal[1] = 1
    use_case: str
    rubric: str
    rubric_hash: str
    calibration_hash: str | None = None
    window: str
    attempt: int = Field(default=1, ge=1)
    items: tuple[BatchItem, ...] = Field(min_length=1, max_length=BATCH_SIZE)


class RecordMessage(Record):
    """Version 1 of the message that asks a worker to write the kept verdicts of some traces to the store."""

    v: Literal[1] = 1
    rubric: str
    rubric_hash: str
    trace_ids: tuple[str, ...] = Field(min_length=1, max_length=100)


class GoldenRunMessage(Record):
    """Version 1 of the message that asks a control worker to run a golden set for one slot of its schedule."""

    v: Literal[1] = 1
    golden_set: str
    slot: AwareDatetime


class GoldenJudgeMessage(Record):
    """Version 1 of the message that asks a worker to judge samples of a golden run, which lie in the state by key.

    `revision` is the evaluator's that asked: a worker whose own differs must not judge.
    """

    v: Literal[1] = 1
    rubric_hash: str
    calibration_hash: str | None = None
    revision: str
    keys: tuple[str, ...] = Field(min_length=1, max_length=BATCH_SIZE)


Message = AssessMessage | RecordMessage | GoldenRunMessage | GoldenJudgeMessage
"""Whatever travels through a queue."""
