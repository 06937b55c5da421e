"""Judgements of a run that may wait for a provider's batch: which ones do, and what a run does that cannot go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from assay.judges.models.batches.deferral import CallDesk
from assay.judges.schema import Failed, Outcome
from assay.worker.golden.results.run_result import JudgedBy


class WaitsForBatch(Exception):  # no error: the run goes on when the answers are here
    """A run cannot go on before a provider's batch has ended. What it has done is in its journal.

    Attributes:
        judgements: how many wait.
        why: what one of them waits for, in our own words.
    """

    def __init__(self, judgements: int, why: str) -> None:
        super().__init__(f"{judgements} judgements wait for a provider's batch: {why}")
        self.judgements = judgements
        self.why = why


@dataclass
class Deferral:
    """Where a run's judge calls go. Without `desk_for` all are made at once, and nothing ever waits.

    Attributes:
        desk_for: the desk that takes the calls of one judgement, by the judgement's name. A name is the same whenever
            the run goes on, and no two judgements share one: a second judgement of an answer is asked for itself.
        is_patient: whether the run is put aside for what waits. Else that counts as missing.
    """

    desk_for: Callable[[str], CallDesk] | None = None
    is_patient: bool = True
    _waiting: dict[str, str] = field(default_factory=dict)

    @property
    def judged_by(self) -> JudgedBy:
        """How the judge is asked."""
        return "live" if self.desk_for is None else "batch"

    def desk(self, judgement: str) -> CallDesk | None:
        """The desk for a judgement's calls; None: they are made at once."""
        return None if self.desk_for is None else self.desk_for(judgement)

    def note(self, judgement: str, outcome: Outcome) -> None:
        """Note whether a judgement waits."""
        if is_deferred(outcome):
            self._waiting[judgement] = outcome.message if isinstance(outcome, Failed) else ""

    def put_aside(self) -> None:
        """End the run for now where anything waits.

        Raises:
            WaitsForBatch
        """
        if self._waiting and self.is_patient:
            raise WaitsForBatch(len(self._waiting), next(reversed(self._waiting.values())))


def is_deferred(outcome: Outcome | None) -> bool:
    """Whether a judgement waits for a batch."""
    return isinstance(outcome, Failed) and outcome.held == "batch"
