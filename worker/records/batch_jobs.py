"""Provider batches as the fleet remembers them: ids, counts and moments, never what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import AwareDatetime, Field

from assay.judges.schema import Record

JobState = Literal["intended", "sent", "ended", "dropped"]
"""`intended`: about to be sent, and perhaps was. `ended`: its answers are here. `dropped`: there is no such batch."""

OPEN_STATES = frozenset({"intended", "sent"})
"""States of a batch that is still to be looked at."""


class BatchJob(Record):
    """One batch at a provider.

    Attributes:
        tag: ours; the batch carries it where the provider lets it.
        endpoint: as rubrics name it; `default` for the usual one.
        model: the model that is asked.
        intended_at: when it was about to be sent.
        total: requests in it.
        state: where it stands with us.
        batch_id: the provider's id, once known.
        word: where it stands with the provider, in its words, or why it refused it.
        answered: requests that a model answered.
        cancelled: whether somebody asked for its end.
        trouble: why it could not be looked at, or is not done with. Empty: nothing is wrong.
        not_ours: batches at the provider that looked like this one, and hold other requests.
    """

    tag: str
    endpoint: str
    model: str
    intended_at: AwareDatetime
    total: int = Field(ge=1)
    state: JobState = "intended"
    batch_id: str | None = None
    word: str = ""
    answered: int = 0
    cancelled: bool = False
    trouble: str = ""
    not_ours: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is still to be looked at."""
        return self.state in OPEN_STATES

    @property
    def went_wrong(self) -> bool:
        """Whether it was refused, or failed as a whole. `word` says why."""
        is_refused = self.state == "dropped" and self.word.startswith("refused")
        return is_refused or (self.state == "ended" and self.word.startswith("failed"))

    def changed(self, changes: Mapping[str, object]) -> BatchJob:
        """This batch after a change of some fields.

        What has ended has ended. One that was given up may turn out to have been sent after all.
        """
        state = changes.get("state", self.state)
        is_reopened = state != self.state and (self.state == "ended" or (self.state == "dropped" and state != "sent"))
        kept = {name: value for name, value in changes.items() if name != "state"} if is_reopened else changes
        return self.model_copy(update=dict(kept))


_GOLDEN = "golden/"
"""What no rubric's name begins with, e.g. `golden/support-v1`."""


class Subject(Record):
    """Whose call it is: what is to be judged once the answer is here."""

    rubric: str
    trace_id: str

    @classmethod
    def of_golden(cls, golden_set: str, run_id: str, judgement: str) -> Subject:
        """One judgement of a golden run. It is no trace: its run looks for the answer itself."""
        return cls(rubric=f"{_GOLDEN}{golden_set}", trace_id=f"{run_id}/{judgement}")

    @property
    def is_trace(self) -> bool:
        """Whether it stands in the ledger, and can be woken."""
        return not self.rubric.startswith(_GOLDEN)
