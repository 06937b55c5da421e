"""From people's opinions of traces to labelled samples.

Each opinion is counted, whether it can be used or not. What cannot be used is counted with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import ConfigurationError, UnjudgeableSample
from assay.judges.redaction.policy import Redaction
from assay.judges.redaction.redact import redacted_sample
from assay.judges.rubric import SamplePaths
from assay.judges.schema import Record, Sample
from assay.worker.extraction.samples import build_sample
from assay.worker.flow.batching import chunks
from assay.worker.flow.redacted_facts import redacted_id
from assay.worker.ports.reviews import HumanScore, Reviewed, ReviewQueues
from assay.worker.ports.source import Fetched, TraceReader, trace_in
from assay.worker.ports.store_errors import StoreBusy, TraceTooLarge
from assay.worker.ports.waiting import wait_for_budget
from assay.worker.records.traces import TraceKey, TraceRoot

FETCHED_AT_ONCE = 50
Origin = Literal["review", "feedback"]
UNTOUCHED = "the value that assay filled in, left as it was: the judge's word, not a person's"


class Wanted(Record):
    """Which opinions become labels.

    `score` names what people are asked in queues, `marked` the values that mean a hallucination. Without
    them it is the queue's one boolean score, where true means a hallucination, and of feedback a thumb down
    or less than 0.5.
    """

    queues: tuple[str, ...] = ()
    feedback: tuple[str, ...] = ()
    score: str | None = None
    marked: tuple[str, ...] = ()
    days: int = 30


class Label(Record):
    """A person's label of a trace: 1 a hallucination, 0 none. `origin` and `place` say where it was given."""

    trace_id: str
    label: Literal[0, 1]
    origin: Origin
    place: str
    reviewer: str | None
    at: datetime


class LabelledTrace(Record):
    """A label with what was judged."""

    label: Label
    sample: Sample
    source_id: str


@dataclass
class OpinionCounts:
    """Denominators: how many opinions people gave by place, and why some could not be used."""

    opinions: Counter[str] = field(default_factory=Counter)
    usable: Counter[str] = field(default_factory=Counter)
    unusable: Counter[tuple[str, str]] = field(default_factory=Counter)

    def drop(self, place: str, why: str) -> None:
        """Count an opinion that cannot be used."""
        self.unusable[place, why] += 1


async def collect(queues: ReviewQueues, wanted: Wanted, *, now: datetime, tally: OpinionCounts) -> dict[str, Label]:
    """Labels by trace id. A completed review overrules users' feedback, a later opinion an earlier one.

    Raises:
        ConfigurationError: a queue is not there, or asks for several things and none was named.
        StoreUnavailable, StoreRejected
    """
    labels: dict[str, Label] = {}
    for name in wanted.feedback:
        async for page in queues.feedback(name, now - timedelta(days=wanted.days), now):
            for score in page:
                label = _of_feedback(score, wanted, tally)
                if label is not None:
                    _keep(labels, label, tally)
    for name in wanted.queues:
        async for label in _of_queue(queues, name, wanted, tally):
            _keep(labels, label, tally)
    return labels


async def samples(
    source: TraceReader,
    labels: Mapping[str, Label],
    paths: SamplePaths,
    redaction: Callable[[TraceRoot], Redaction],
    *,
    days: int,
    tally: OpinionCounts,
) -> AsyncIterator[LabelledTrace]:
    """Each labelled trace that is still there with what its rubric would judge of it.

    Args:
        source: where the traces are.
        labels: by trace id.
        paths: the rubric's selectors.
        redaction: what of a trace is replaced: the file is kept, and judges see it when they are calibrated.
        days: how long before an opinion its trace may have begun.
        tally: counts.
    """
    before = timedelta(days=days)
    for chunk in chunks(sorted(labels.values(), key=lambda label: label.at), FETCHED_AT_ONCE):
        keys = [TraceKey(trace_id=label.trace_id, start=label.at - before, end=label.at) for label in chunk]
        traces = await _fetched(source, keys)
        for label in chunk:
            labelled = await in_thread(_labelled, label, traces, paths, redaction)
            if isinstance(labelled, str):
                tally.drop(label.place, labelled)
                continue
            tally.usable[label.place] += 1
            yield labelled


async def _fetched(source: TraceReader, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
    """Fetch traces. Those that the store had no room for are asked for again."""
    fetched: dict[str, Fetched] = {}
    left = list(keys)

    async def fetch_rest() -> None:
        fetched.update(await source.fetch_traces(left))
        busy = {trace_id: error for trace_id, error in fetched.items() if isinstance(error, StoreBusy)}
        left[:] = [key for key in left if key.trace_id in busy]
        if busy:
            raise next(iter(busy.values()))

    await wait_for_budget(fetch_rest)
    return fetched


def label_of(value: bool | float | str, origin: Origin, marked: Collection[str]) -> Literal[0, 1] | None:  # noqa: FBT001  # a person's value
    """The label that a value stands for. None where its meaning is not known."""
    if marked:
        return 1 if str(value).lower() in {mark.lower() for mark in marked} else 0
    if isinstance(value, str) or not 0 <= value <= 1:
        return None
    is_high = value >= 0.5
    return 1 if is_high == (origin == "review") else 0


def _of_feedback(score: HumanScore, wanted: Wanted, tally: OpinionCounts) -> Label | None:
    place = f"feedback {score.name}"
    tally.opinions[place] += 1
    if score.trace_id is None or score.is_prefilled:
        tally.drop(place, UNTOUCHED if score.is_prefilled else "not about a trace")
        return None
    label = label_of(score.value, "feedback", wanted.marked)
    if label is None:
        tally.drop(place, "value not understood; name those that mean a hallucination with --marked")
        return None
    return Label(trace_id=score.trace_id, label=label, origin="feedback", place=place, reviewer=score.by, at=score.at)


async def _of_queue(queues: ReviewQueues, name: str, wanted: Wanted, tally: OpinionCounts) -> AsyncIterator[Label]:
    place = f"queue {name}"
    async for page in items_of(queues, name, wanted):
        for _, label in page:
            tally.opinions[place] += 1
            if isinstance(label, str):
                tally.drop(place, label)
            else:
                yield label


async def items_of(
    queues: ReviewQueues, name: str, wanted: Wanted
) -> AsyncIterator[Sequence[tuple[Reviewed, Label | str]]]:
    """Everything that people are done with in a queue, page by page: each item with its label, or why it has none.

    Raises:
        ConfigurationError: the queue is not there, or asks for several things and none was named.
        StoreUnavailable, StoreRejected
    """
    queue = await wait_for_budget(partial(queues.find, name))
    asked = wanted.score or _the_boolean(name, queue.scores)
    if asked not in queue.scores:
        raise ConfigurationError(f"queue {name!r}: --score {asked!r}: it asks for {', '.join(queue.scores)}; name one")
    async for page in queues.completed(queue):
        yield [(item, _of_review(item, asked, wanted, f"queue {name}")) for item in page]


def _the_boolean(name: str, scores: Mapping[str, str]) -> str:
    booleans = [score for score, kind in scores.items() if kind == "BOOLEAN"]
    if len(booleans) == 1:
        return booleans[0]
    asks = ", ".join(f"{score} ({kind.lower()})" for score, kind in scores.items())
    raise ConfigurationError(f"queue {name!r}: asks for {asks}; name the score that tells a hallucination with --score")


def _of_review(item: Reviewed, asked: str, wanted: Wanted, place: str) -> Label | str:
    """The label of a completed item, or why there is none."""
    if item.kind == "session":
        return "a whole session, not one answer"
    given = [score for score in item.scores if score.name == asked]
    opinions = _latest_by_person(score for score in given if not score.is_prefilled)
    if not opinions:
        return UNTOUCHED if given else f"completed without a {asked}"
    labels = {label_of(score.value, "review", wanted.marked) for score in opinions}
    if None in labels:
        return "value not understood; name those that mean a hallucination with --marked"
    if len(labels) > 1:
        return "reviewers disagree"
    last = opinions[-1]
    if last.trace_id is None:
        return "not about a trace"
    return Label(
        trace_id=last.trace_id,
        label=labels.pop() or 0,
        origin="review",
        place=place,
        reviewer=last.by,
        at=last.at,
    )


def _latest_by_person(scores: Iterable[HumanScore]) -> Sequence[HumanScore]:
    """Each person's last opinion. An unsigned one counts only where no person gave any."""
    last: dict[str | None, HumanScore] = {}
    for score in sorted(scores, key=lambda score: score.at):
        last.pop(score.by, None)
        last[score.by] = score
    signed = [score for by, score in last.items() if by is not None]
    return signed or list(last.values())


def _keep(labels: dict[str, Label], label: Label, tally: OpinionCounts) -> None:
    """Keep one label a trace. The other is counted as not used, at its place."""
    known = labels.get(label.trace_id)
    if known is None:
        labels[label.trace_id] = label
        return
    loser = min((known, label), key=lambda rival: (rival.origin == "review", rival.at))
    labels[label.trace_id] = label if loser is known else known
    tally.drop(loser.place, "the trace has another, later or by a reviewer")


def _labelled(
    label: Label, traces: Mapping[str, Fetched], paths: SamplePaths, redaction: Callable[[TraceRoot], Redaction]
) -> LabelledTrace | str:
    if isinstance(traces.get(label.trace_id), TraceTooLarge):
        return "trace too large"
    trace = trace_in(traces, label.trace_id)
    if trace is None:
        return "trace no longer there"
    try:
        policy = redaction(trace.root)
        sample = redacted_sample(build_sample(trace, paths), policy).sample
    except UnjudgeableSample as exc:
        return exc.reason.replace("_", " ")
    return LabelledTrace(label=label, sample=sample, source_id=redacted_id(trace.root.session_id, policy) or trace.id)
