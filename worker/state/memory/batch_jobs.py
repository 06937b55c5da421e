"""Provider batches in the memory of one process. Nothing expires."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from assay.worker.ports.batch_jobs import MOST_ROUNDS, MOST_TRIES, Claim
from assay.worker.records.batch_jobs import BatchJob, Subject


@dataclass
class _Call:
    tag: str = ""
    tries: int = 0
    answer: bytes | None = None
    subjects: set[Subject] = field(default_factory=set)
    payer: Subject | None = None


class MemoryBatchJobs:
    """`assay.worker.ports.batch_jobs.BatchJobs` without a server."""

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = defaultdict(_Call)
        self._jobs: dict[str, BatchJob] = {}
        self._keys: dict[str, set[str]] = defaultdict(set)
        self._rounds: dict[Subject, set[str]] = defaultdict(set)

    async def claim(self, key: str, tag: str, subject: Subject) -> Claim:
        """How a call stands. One that nobody has becomes the asking collector's."""
        call = self._calls[key]
        if call.answer is not None:
            call.payer = call.payer or subject
            return Claim("", call.answer, is_paid=call.payer == subject)
        if not call.tag:
            rounds = self._rounds[subject]
            if call.tries >= MOST_TRIES or (len(rounds) >= MOST_ROUNDS and tag not in rounds):
                return Claim("")
            call.tag = tag
            rounds.add(tag)
        call.subjects.add(subject)
        return Claim(call.tag)

    async def intend(self, job: BatchJob, keys: Sequence[str]) -> Sequence[str]:
        """Note a batch before it is sent. Returns the keys that are still this collector's."""
        own = [key for key in keys if self._calls[key].tag == job.tag]
        self._jobs.setdefault(job.tag, job)
        self._keys[job.tag] |= set(own)
        return own

    async def change(self, tag: str, changes: Mapping[str, object]) -> BatchJob | None:
        """Change some fields of a batch."""
        if tag in self._jobs:
            self._jobs[tag] = self._jobs[tag].changed(changes)
        return self._jobs.get(tag)

    async def jobs(self) -> Sequence[BatchJob]:
        """The batches of the last days, the oldest first."""
        return sorted(self._jobs.values(), key=lambda job: (job.intended_at, job.tag))

    async def keys(self, tag: str) -> Sequence[str]:
        """The calls of a batch that have not come back."""
        return sorted(self._keys[tag])

    async def settle(self, tag: str, answers: Mapping[str, bytes], freed: Mapping[str, int]) -> Sequence[Subject]:
        """Calls came back. Returns who waited for them."""
        waited: set[Subject] = set()
        for key in [*answers, *freed]:
            call = self._calls.get(key)
            if call is None or call.tag != tag:
                continue
            waited |= call.subjects
            if key not in answers and not freed[key]:
                for subject in call.subjects:
                    self._rounds[subject].discard(tag)
            call.tag, call.subjects = "", set()
            call.answer, call.tries = answers.get(key), call.tries + freed.get(key, 0)
            self._keys[tag].discard(key)
        return sorted(waited, key=lambda subject: (subject.rubric, subject.trace_id))
