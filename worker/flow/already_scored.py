"""Which traces the store has scores of already: they are not judged again where the ledger was lost.

Asked by trace where a store can tell, so that a score under an older version of the rubric, or under the names that
an older Assay wrote, counts as well. Else by the ids that a score of the present version has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from assay.judges.rubric import ANSWER_CHECK, Rubric
from assay.worker.flow.batching import chunks
from assay.worker.ports.batch_sizes import READ_LIMIT
from assay.worker.ports.capabilities import WithScoredTraces
from assay.worker.ports.sink import ScoreReader
from assay.worker.records.ledger import Promise


async def already_scored(
    promises: Sequence[Promise], rubrics: Mapping[str, Rubric], sink: ScoreReader, project: str
) -> set[tuple[str, str]]:
    """Rubric and trace of promises whose scores the store shows.

    Raises:
        StoreUnavailable, StoreRejected
    """
    wanted = {(promise.rubric, promise.trace_id) for promise in promises}
    if isinstance(sink, WithScoredTraces):
        names = sorted({name for rubric, _ in wanted for name in _names(rubrics[rubric])})
        told: set[tuple[str, str]] = set()
        for trace_ids in chunks(sorted({trace_id for _, trace_id in wanted}), READ_LIMIT):
            scored = await sink.scored_traces(trace_ids, names)
            if scored is None:
                return await _by_id(promises, rubrics, sink, project)
            told |= {(rubric, trace_id) for trace_id, by in scored.items() for rubric in by}
        return told & wanted
    return await _by_id(promises, rubrics, sink, project)


async def _by_id(
    promises: Iterable[Promise], rubrics: Mapping[str, Rubric], sink: ScoreReader, project: str
) -> set[tuple[str, str]]:
    by_id = {p.score_id(project, name): p for p in promises for name in _markers(rubrics[p.rubric])}
    known: set[tuple[str, str]] = set()
    for ids in chunks(list(by_id), READ_LIMIT):
        shown = await sink.read_scores(ids)
        known |= {(by_id[score_id].rubric, by_id[score_id].trace_id) for score_id in shown}
    return known


def _markers(rubric: Rubric) -> tuple[str, ...]:
    """Scores of which every judged trace has at least one.

    The state is among them though it is seldom written now: an older Assay wrote it always.
    """
    chosen = rubric.write.scores or rubric.writes_by_default
    if ANSWER_CHECK in chosen and "hallucination_risk" in rubric.scores:
        return (ANSWER_CHECK, rubric.state_score)
    fallback = (ANSWER_CHECK,) if ANSWER_CHECK in rubric.writable else ()
    return tuple(dict.fromkeys((*chosen, *fallback, rubric.state_score)))


def _names(rubric: Rubric) -> set[str]:
    """The markers as they are written now, and as they are without a prefix."""
    return {name for marker in _markers(rubric) for name in (marker, rubric.write.named(marker))}
