"""Rejections in a row: an endpoint that turns down one text after the other, and says not why in words we know.

One such rejection may be due to the text: it is tried again, and parked. Where text after text is rejected and none
gets through, it is not the text: an account, or a setting, for which nobody has written down the words yet. Then the
rest waits, as for a refused key, until a call gets through or a person mends it.
"""

from __future__ import annotations

from collections import defaultdict

from assay.judges.errors import RequestRejected
from assay.judges.schema import Failed, Outcome, Scored

REJECTED_IN_A_ROW = 9
"""Different texts in a row whose rejection means that it is not the text. As many failed calls open a breaker."""


class RejectionRuns:
    """The texts rejected in a row, for each evaluator of a process. Whoever gets through ends the run."""

    def __init__(self) -> None:
        self._runs: dict[str, set[str]] = defaultdict(set)

    def heard(self, revision: str, trace_id: str, outcome: Outcome) -> Outcome:
        """The outcome as it counts: a rejection among many in a row is no verdict on its text, and waits."""
        if _got_through(outcome):
            self._runs.pop(revision, None)
            return outcome
        if not isinstance(outcome, Failed) or outcome.error != RequestRejected.__name__:
            return outcome
        run = self._runs[revision]
        if len(run) < REJECTED_IN_A_ROW:
            run.add(trace_id)
        if len(run) < REJECTED_IN_A_ROW:
            return outcome
        message = f"{REJECTED_IN_A_ROW} different texts in a row were rejected: {outcome.message}"
        return outcome.model_copy(update={"held": "access", "message": message})


def _got_through(outcome: Outcome) -> bool:
    """Whether the model was reached: some call was answered, however well."""
    usage = outcome.verdict.usage if isinstance(outcome, Scored) and outcome.verdict else None
    calls = usage.calls if usage is not None else 0 if isinstance(outcome, Scored) else outcome.usage.calls
    return calls > 0
