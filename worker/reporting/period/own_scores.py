"""Scores that a rubric gives beside risk, faithfulness and groundedness, e.g. relevance: their means and shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from assay.worker.ports.history import Block
from assay.worker.records.columns import Codes, by_first, rows_alike, rows_by_code
from assay.worker.reporting.period.facts import Revision
from assay.worker.reporting.period.records import OwnScore
from assay.worker.signals.gathering import Numbers
from assay.worker.signals.survey_design import counts_in_rates
from assay.worker.signals.traffic import Floats, Integers
from assay.worker.statistics.bounded import behind_mean
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.weighted import cluster_index, weighted_mean

MOST_WORDS = 6
"""Words of a score that get a share, the commonest first. A score such as `topic` may have many."""

_ALIKE = ("use_case", "rubric", "revision", "state", "sample", "stratum")
"""Columns that tell whether a row counts, and where."""


class _Draws(NamedTuple):
    """Some traces that have a score, as columns of one length.

    Attributes:
        values: of a score that is a number; the number of the word of one that is a word.
        pi: probability that the trace was selected.
        clusters: number of the session.
    """

    values: Floats
    pi: Floats
    clusters: Integers


@dataclass
class _Score:
    """One score of one revision. `words` are those that occurred, numbered."""

    numbers: list[_Draws] = field(default_factory=list)
    worded: list[_Draws] = field(default_factory=list)
    words: Numbers = field(default_factory=Numbers)

    def add(self, values: Sequence[float | str], at: Codes, pi: Floats, clusters: Integers) -> None:
        """Keep the score of some traces.

        Args:
            values: those that occur.
            at: which of them each trace has; -1: none.
            pi: of each trace.
            clusters: of each trace.
        """
        is_word = np.array([isinstance(value, str) for value in values], dtype=np.bool_)
        table = np.array([self.words[value] if isinstance(value, str) else value for value in values], dtype=np.float64)
        for kept, wanted in ((self.numbers, ~is_word), (self.worded, is_word)):
            if wanted.all():
                rows = at >= 0
            elif wanted.any():
                rows = (at >= 0) & wanted[at]
            else:
                continue
            kept.append(_Draws(table[at[rows]], pi[rows], clusters[rows]))

    def told(self, name: str) -> OwnScore:
        """The score as it is told."""
        numbers, worded = _joined(self.numbers), _joined(self.worded)
        return OwnScore(name=name, n=numbers.pi.size + worded.pi.size, mean=_mean(numbers), shares=self._shares(worded))

    def _shares(self, worded: _Draws) -> dict[str, Estimate | None]:
        counts = np.bincount(worded.values.astype(np.int64), minlength=len(self.words))
        commonest = np.argsort(-counts, kind="stable")[:MOST_WORDS].tolist()
        words, clusters = list(self.words), cluster_index(worded.clusters)
        shares = {words[code]: behind_mean(worded.values == code, worded.pi, clusters) for code in commonest}
        return {word: share.estimate() if share else None for word, share in shares.items()}


class OwnScores:
    """The other scores of each revision, filled block by block. Most rubrics give none."""

    columns = (*_ALIKE, "cluster", "pi", "scores")

    def __init__(self) -> None:
        self._scores: dict[Revision, dict[str, _Score]] = {}

    def add(self, block: Block) -> None:
        """Keep the scores of a block."""
        # Few mappings are told apart where scores are words.
        codes, told = block["scores"].coded()
        if not any(told):
            return
        pi, clusters = block["pi"].floats(), block["cluster"].integers()
        for revision, rows in _counted(block):
            own = self._scores.setdefault(revision, {})
            for name, (values, at) in _by_name(told, codes[rows]).items():
                own.setdefault(name, _Score()).add(values, at, pi[rows], clusters[rows])

    def of(self, revision: Revision) -> tuple[OwnScore, ...]:
        """The scores of one revision, by name."""
        return tuple(score.told(name) for name, score in sorted(self._scores.get(revision, {}).items()))


def _counted(block: Block) -> Iterator[tuple[Revision, Codes]]:
    """The rows of each revision that count in rates."""
    codes, alike = rows_alike([block[name] for name in _ALIKE])
    homes = Numbers()
    home = []
    for use_case, rubric, revision, state, sample, stratum in alike:
        counts = state == "scored" and revision is not None and counts_in_rates(sample, stratum)
        home.append(homes[Revision(use_case, rubric, revision) if counts else None])
    for key, rows in zip(homes, rows_by_code(np.array(home, dtype=np.int64)[codes], len(homes)), strict=True):
        if key is not None:
            yield key, rows


def _by_name(told: Sequence[Mapping[str, Any] | None], codes: Codes) -> dict[str, tuple[list[Any], Codes]]:
    """For each name of a score the values that occur, and which of them each row has; -1: none."""
    first, own = by_first(codes)
    named: dict[str, tuple[list[Any], Codes]] = {}
    for code, mapping in enumerate(codes[first].tolist()):
        for name, value in (told[mapping] or {}).items():
            if name not in named:
                named[name] = ([], np.full(first.size, -1, dtype=np.int64))
            values, place = named[name]
            place[code] = len(values)
            values.append(value)
    return {name: (values, place[own]) for name, (values, place) in named.items()}


def _joined(draws: Sequence[_Draws]) -> _Draws:
    if not draws:
        return _Draws(np.empty(0), np.empty(0), np.empty(0, dtype=np.int64))
    return _Draws(*(np.concatenate(columns) for columns in zip(*draws, strict=True)))


def _mean(draws: _Draws) -> Estimate | None:
    if ((draws.values >= 0) & (draws.values <= 1)).all():
        mean = behind_mean(*draws)
        return mean.estimate() if mean else None
    return weighted_mean(draws.values, draws.pi, clusters=draws.clusters)
