"""Faults a test asks for: seeded, so that the same test meets the same ones."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote_plus

Kind = Literal["status", "timeout", "lost_answer", "cut", "slow", "drop"]
SCORE_WRITES = r"POST /api/public/(scores|ingestion)$"
SILENT: tuple[Kind, ...] = ("timeout", "lost_answer")
DATASET_CALLS = r"/api/public/(v2/datasets|dataset-items)(/|$)"


@dataclass(frozen=True)
class Fault:
    """One way to fail, for a share of the requests whose `METHOD /path` its pattern finds.

    `status`: answers with that status and does nothing. `timeout`: waits `delay_s`, does nothing, closes.
    `lost_answer`: does it, waits `delay_s`, closes without an answer. `cut`: closes at once. `slow`: waits, then works.
    `drop`: takes a score and never stores it (per score, also inside a batch).
    """

    kind: Kind
    share: float
    on: str = SCORE_WRITES
    status: int = 500
    delay_s: float = 5.0
    retry_after_s: int = 1
    query: str = ""
    """A pattern that its query, decoded, must have as well: one trace's id, a page size."""
    most: int | None = None
    """At most so many times."""
    text: str | None = None
    """With `status`: this page instead of Langfuse's JSON, as a proxy answers for a server that restarts."""


@dataclass
class Faults:
    """The faults in force and how often each has struck."""

    seed: int = 0
    rules: Sequence[Fault] = ()
    struck: dict[int, int] = field(default_factory=dict)
    _seen: dict[int, int] = field(default_factory=dict)

    def of_request(self, method: str, path: str, query: str = "") -> Fault | None:
        """The first fault that strikes this request; dropping is decided per score."""
        for number, rule in enumerate(self.rules):
            is_meant = re.search(rule.on, f"{method} {path}") and re.search(rule.query, unquote_plus(query))
            if rule.kind != "drop" and is_meant and self._strikes(number, rule):
                return rule
        return None

    def drops_score(self) -> bool:
        """Whether the score that is being taken is lost."""
        return any(rule.kind == "drop" and self._strikes(number, rule) for number, rule in enumerate(self.rules))

    def _strikes(self, number: int, rule: Fault) -> bool:
        seen = self._seen[number] = self._seen.get(number, 0) + 1
        if rule.most is not None and self.struck.get(number, 0) >= rule.most:
            return False
        digest = hashlib.sha256(f"{self.seed}:{number}:{seen}".encode()).digest()
        if int.from_bytes(digest[:8], "big") / 2**64 >= rule.share:
            return False
        self.struck[number] = self.struck.get(number, 0) + 1
        return True


def failing_score_writes(share: float = 0.2, *, seed: int = 0, hang_s: float = 3.0) -> Faults:
    """Score writes that fail by this share in all: 500, 429, taken but dropped, time-outs before and after the work."""
    each = share / 5
    rules = (
        Fault("status", each, status=500),
        Fault("status", each, status=429),
        Fault("timeout", each, delay_s=hang_s),
        Fault("lost_answer", each, delay_s=hang_s),
        Fault("drop", each),
    )
    return Faults(seed, rules)


def slow_datasets(share: float = 0.2, *, seed: int = 0, hang_s: float = 50.0) -> Faults:
    """Dataset calls of which this share gets no answer in time, done or not, as a busy server was seen to do."""
    rules = [Fault(kind, share / 2, on=DATASET_CALLS, delay_s=hang_s) for kind in SILENT]
    return Faults(seed, rules)
