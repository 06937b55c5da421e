"""Which traces the store has scores of already: they are not judged again where the ledger was lost.

Asked by trace where a store can tell, so that a score under an older version of the rubric counts as well. First by
the names that the rubric may write now, which is cheap. What is not known by then is asked for under any name, and
told by the rubric in the scores' metadata, because an older version may have chosen other names or another prefix.
Stores that know no names are asked by the ids that a score of the present version has.

What the scores say is kept, so that reports hold these traces as they hold all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from assay.judges.rubric import ANSWER_CHECK, Rubric
from assay.worker.flow.batching import chunks
from assay.worker.flow.written_judgements import Written, written
from assay.worker.ports.batch_sizes import READ_LIMIT
from assay.worker.ports.capabilities import WithScoredTraces
from assay.worker.ports.sink import ScoreReader
from assay.worker.records.ledger import Promise
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import TraceKey

Key = tuple[str, str]
"""Rubric and trace, e.g. `("grounding", "0af7651916cd43dd8448eb211c80319c")`."""

Known = dict[Key, Written]
"""What scores say of how a trace was judged."""

_Scores = dict[Key, list[Score]]


async def already_scored(
    promises: Sequence[Promise], rubrics: Mapping[str, Rubric], sink: ScoreReader, project: str
) -> Known:
    """Rubric and trace of promises whose scores the store shows, and what these scores say.

    Raises:
        StoreUnavailable, StoreRejected
    """
    wanted = {(promise.rubric, promise.trace_id) for promise in promises}
    scores = await _scores(promises, rubrics, sink, project)
    return {key: written(of, rubrics[key[0]]) for key, of in scores.items() if key in wanted}


async def _scores(
    promises: Sequence[Promise], rubrics: Mapping[str, Rubric], sink: ScoreReader, project: str
) -> _Scores:
    if not isinstance(sink, WithScoredTraces):
        return await _by_id(promises, rubrics, sink, project)
    names = sorted({name for rubric in {p.rubric for p in promises} for name in _names(rubrics[rubric])})
    known = await _by_trace(promises, sink, names)
    if known is None:
        known = await _by_id(promises, rubrics, sink, project)
    rest = [promise for promise in promises if (promise.rubric, promise.trace_id) not in known]
    return (await _by_trace(rest, sink, None) or {}) | known


async def _by_trace(promises: Iterable[Promise], sink: WithScoredTraces, names: Sequence[str] | None) -> _Scores | None:
    """The scores of these names, or of any name, by rubric and trace. None where the store cannot tell."""
    keys = {promise.trace_id: TraceKey(trace_id=promise.trace_id, start=promise.start) for promise in promises}
    known: _Scores = {}
    # In the order of time, so that one call is about a short range of it.
    for part in chunks(sorted(keys.values(), key=lambda key: (key.start, key.trace_id)), READ_LIMIT):
        scored = await sink.scored_traces(part, names)
        if scored is None:
            return None
        for trace_id, scores in scored.items():
            for score in scores:
                known.setdefault((str(score.metadata.get("rubric")), trace_id), []).append(score)
    return known


async def _by_id(
    promises: Sequence[Promise], rubrics: Mapping[str, Rubric], sink: ScoreReader, project: str
) -> _Scores:
    """First by the few ids that tell a judged trace; of those that are known, then all that may have been written."""
    known = await _read({p.score_key(project, n): p for p in promises for n in _markers(rubrics[p.rubric])}, sink)
    there = [promise for promise in promises if (promise.rubric, promise.trace_id) in known]
    return known | await _read({p.score_key(project, n): p for p in there for n in _written(rubrics[p.rubric])}, sink)


async def _read(promises: Mapping[ScoreKey, Promise], sink: ScoreReader) -> _Scores:
    known: _Scores = {}
    by_id = {key.id: promise for key, promise in promises.items()}
    for keys in chunks(list(promises), READ_LIMIT):
        for score_id, score in (await sink.read_scores(keys)).items():
            known.setdefault((by_id[score_id].rubric, by_id[score_id].trace_id), []).append(score)
    return known


def _markers(rubric: Rubric) -> tuple[str, ...]:
    """Scores of which every trace that was judged under this version has at least one.

    The state is among them though it is seldom written now: an older Assay wrote it always. Other choices of names
    are other versions, and have other ids.
    """
    chosen = rubric.write.scores or rubric.writes_by_default
    if ANSWER_CHECK in chosen and "hallucination_risk" in rubric.scores:
        return (ANSWER_CHECK, rubric.state_score)
    fallback = (ANSWER_CHECK,) if ANSWER_CHECK in rubric.writable else ()
    return tuple(dict.fromkeys((*chosen, *fallback, rubric.state_score)))


def _written(rubric: Rubric) -> tuple[str, ...]:
    """Scores by their own names that a trace judged under this version may have."""
    return tuple(dict.fromkeys((*(rubric.write.scores or rubric.writes_by_default), *_markers(rubric))))


def _names(rubric: Rubric) -> set[str]:
    """All that the rubric may write, as it is called now, and as it is called without a prefix."""
    return {name for own_name in rubric.writable for name in (own_name, rubric.write.named(own_name))}
