"""Scores that a rubric gives beside risk, faithfulness and groundedness, e.g. relevance: their means and shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import aclosing
from typing import Any

import numpy as np

from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.history import HistoryQuery
from assay.worker.reporting.period.facts import Revision
from assay.worker.reporting.period.records import OwnScore
from assay.worker.signals.survey_design import counts_in_rates
from assay.worker.statistics.bounded import behind_mean
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.weighted import weighted_mean

MOST_WORDS = 6
"""Words of a score that get a share, the commonest first. A score such as `topic` may have many."""

_COLUMNS = (
    *("trace_id", "session_id", "use_case", "rubric", "revision"),
    *("state", "sample", "stratum", "pi", "scores"),
)

_Draw = tuple[Any, float, str]
"""A score, the probability that its trace was selected, and what belongs together."""


async def read_own_scores(
    reader: HistoryReader, query: HistoryQuery, rubrics: Iterable[str]
) -> dict[Revision, tuple[OwnScore, ...]]:
    """The other scores of each revision, by name.

    Most rubrics give none. So where the first rows of a rubric have none, its others are not looked at.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    draws: dict[Revision, dict[str, list[_Draw]]] = {}
    for rubric in sorted(set(rubrics)):
        blocks = reader.blocks(query.model_copy(update={"rubrics": (rubric,)}), _COLUMNS)
        async with aclosing(blocks) as stream:  # type: ignore[type-var]  # the port's iterators are generators
            async for block in stream:
                if len(block["trace_id"]) and not any(block["scores"]):
                    break
                for revision, name, draw in _draws(block):
                    draws.setdefault(revision, {}).setdefault(name, []).append(draw)
    return {
        revision: tuple(_own_score(name, own) for name, own in sorted(named.items()))
        for revision, named in draws.items()
    }


def _draws(block: Block) -> Iterator[tuple[Revision, str, _Draw]]:
    rows = zip(*(block[name] for name in _COLUMNS), strict=True)
    for trace_id, session_id, use_case, rubric, revision, state, sample, stratum, pi, scores in rows:
        if state == "scored" and revision is not None and scores and counts_in_rates(sample, stratum):
            for name, value in scores.items():
                yield Revision(use_case, rubric, revision), name, (value, pi, session_id or trace_id)


def _own_score(name: str, draws: list[_Draw]) -> OwnScore:
    numbers = [draw for draw in draws if not isinstance(draw[0], str)]
    words = Counter(value for value, *_ in draws if isinstance(value, str))
    shares = {word: _share(word, draws) for word, _ in words.most_common(MOST_WORDS)}
    return OwnScore(name=name, n=len(draws), mean=_mean(numbers), shares=shares)


def _share(word: str, draws: list[_Draw]) -> Estimate | None:
    worded = [draw for draw in draws if isinstance(draw[0], str)]
    share = behind_mean(*_columns([(float(value == word), pi, group) for value, pi, group in worded]))
    return share.estimate() if share else None


def _mean(draws: list[_Draw]) -> Estimate | None:
    values, pi, groups = _columns(draws)
    if ((values >= 0) & (values <= 1)).all():
        mean = behind_mean(values, pi, groups)
        return mean.estimate() if mean else None
    return weighted_mean(values, pi, clusters=groups)


def _columns(draws: list[_Draw]) -> tuple[Any, Any, list[str]]:
    values, pi = (np.array([draw[at] for draw in draws], dtype=np.float64) for at in (0, 1))
    return values, pi, [group for *_, group in draws]


def of_revision(scores: Mapping[Revision, tuple[OwnScore, ...]], *names: str) -> tuple[OwnScore, ...]:
    """The scores of one use case, rubric and revision."""
    return scores.get(Revision(*names), ())
