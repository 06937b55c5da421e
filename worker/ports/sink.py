"""Where scores go. A store that has no traces to give may still take scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from assay.worker.records.scores import Score, ScoreKey


class ScoreReader(Protocol):
    """The scores that a store shows."""

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        """The scores that the store shows under these keys, by id; at most 100 at once. Missing ones are absent.

        Raises:
            StoreUnavailable, StoreRejected
        """
        ...


class ScoreSink(ScoreReader, Protocol):
    """A place where scores are hung on traces, and where they can be looked for afterwards."""

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Write or overwrite scores by id; all fields are sent. A return means accepted, not yet readable.

        Raises:
            StoreUnavailable, StoreRejected
        """
        ...
