"""Dead letters as they are listed, and how some of them are chosen."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime

from assay.judges.schema import Record


class DeadLetter(Record):
    """Work that gave up: which, when and why."""

    trace_id: str
    rubric: str
    use_case: str
    reason: str
    detail: str
    attempts: int
    gave_up_at: AwareDatetime


class DeadChoice(Record):
    """Which dead letters are meant. Each part that is None leaves the choice open.

    Attributes:
        since: they gave up at this moment or later.
        until: they gave up before this moment.
    """

    trace_ids: frozenset[str] | None = None
    use_case: str | None = None
    rubric: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_filtered(self) -> bool:
        """Whether anything but traces is named."""
        return any((self.use_case, self.rubric, self.reason, self.since, self.until))

    def takes_name(self, rubric: str, trace_id: str) -> bool:
        """Whether an entry may be meant, by its name alone."""
        return self.rubric in (None, rubric) and (self.trace_ids is None or trace_id in self.trace_ids)

    def takes(self, letter: DeadLetter) -> bool:
        """Whether a letter is meant."""
        in_time = (self.since is None or letter.gave_up_at >= self.since) and (
            self.until is None or letter.gave_up_at < self.until
        )
        wanted = ((self.use_case, letter.use_case), (self.reason, letter.reason))
        return (
            in_time and all(w in (None, is_) for w, is_ in wanted) and self.takes_name(letter.rubric, letter.trace_id)
        )
