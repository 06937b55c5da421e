"""Messages as they travel through queues: ids and survey design, never content."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from assay.judges.schema import Record

BATCH_SIZE = 16
"""Most traces in one message.

A Celery message costs about ten Redis commands, so one trace a message would cost more than judging it. A larger batch
would wait for its slowest call.
"""

LONGEST_RUN_S = 24 * 3600.0
"""A scheduled golden run is given up after so many seconds, whatever its manifest says."""

Pi = Annotated[float, Field(gt=0.0, le=1.0)]
"""Probability with which a trace was selected. Its weight in every reported rate is 1/pi."""


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

    @property
    def about(self) -> dict[str, str | int]:
        """What a log line says of this message: names and numbers, no ids of traces."""
        return {
            "use_case": self.use_case,
            "rubric": self.rubric,
            "window": self.window,
            "attempt": self.attempt,
            "traces": len(self.items),
        }


class RecordMessage(Record):
    """Version 1 of the message that asks a worker to write the kept verdicts of some traces to the store."""

    v: Literal[1] = 1
    rubric: str
    rubric_hash: str
    trace_ids: tuple[str, ...] = Field(min_length=1, max_length=100)

    @property
    def about(self) -> dict[str, str | int]:
        """As `AssessMessage.about`."""
        return {"rubric": self.rubric, "traces": len(self.trace_ids)}


class GoldenRunMessage(Record):
    """Version 1 of the message that asks a control worker to run a golden set for one slot of its schedule."""

    v: Literal[1] = 1
    golden_set: str
    slot: AwareDatetime

    @property
    def about(self) -> dict[str, str | int]:
        """As `AssessMessage.about`."""
        return {"golden_set": self.golden_set, "slot": self.slot.isoformat()}


class GoldenJudgeMessage(Record):
    """Version 1 of the message that asks a worker to judge samples of a golden run, which lie in the state by key.

    `revision` is the evaluator's that asked: a worker whose own differs must not judge.
    """

    v: Literal[1] = 1
    rubric_hash: str
    calibration_hash: str | None = None
    revision: str
    keys: tuple[str, ...] = Field(min_length=1, max_length=BATCH_SIZE)

    @property
    def about(self) -> dict[str, str | int]:
        """As `AssessMessage.about`."""
        return {"revision": self.revision[:12], "samples": len(self.keys)}


Message = AssessMessage | RecordMessage | GoldenRunMessage | GoldenJudgeMessage
"""Whatever travels through a queue."""
