"""Scores that were written in a batch that failed."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable

from assay.worker.records.scores import Score


class Taken:
    """What of a batch was written although the batch failed. It comes again as a whole, and this is not sent twice."""

    def __init__(self, *, kept_s: float = 600.0, most: int = 10_000) -> None:
        self._kept_s, self._most = kept_s, most
        self._scores: OrderedDict[str, tuple[float, Score]] = OrderedDict()

    def left(self, scores: Iterable[Score]) -> list[Score]:
        """Those that are not known to be written as they are."""
        return [score for score in scores if not self._is_taken(score)]

    def _is_taken(self, score: Score) -> bool:
        at, known = self._scores.get(score.id, (0.0, None))
        return known == score and time.monotonic() - at < self._kept_s

    def note(self, score: Score) -> None:
        """A score was taken."""
        self._scores[score.id] = (time.monotonic(), score)
        self._scores.move_to_end(score.id)
        while len(self._scores) > self._most:
            self._scores.popitem(last=False)

    def forget(self, ids: Iterable[str]) -> None:
        """A whole batch was taken, or somebody looks whether scores are shown: whoever writes them now means it."""
        for score_id in ids:
            self._scores.pop(score_id, None)
