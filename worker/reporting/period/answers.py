"""The texts of the few worst answers, read from the trace store when a page is made. The record has offsets alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import UnjudgeableSample
from assay.judges.redaction.offsets import RedactedText, Replaced
from assay.judges.redaction.policy import Redaction
from assay.judges.redaction.redact import RedactedSample, redacted_sample
from assay.judges.rubric import Rubric
from assay.judges.schema import Record
from assay.worker.extraction.samples import build_sample
from assay.worker.ports.history import HistoryReader
from assay.worker.ports.source import Fetched, TraceReader
from assay.worker.ports.store_errors import StoreError
from assay.worker.records.history import HistoryRow
from assay.worker.records.traces import TraceKey
from assay.worker.reporting.period.overview import by_urgency
from assay.worker.reporting.period.records import PeriodReport, WorstAnswer

MOST_TEXTS = 30
"""Answers whose texts are read for a page, over all use cases."""

TEXTS_OF_REVISION = 3
"""Answers of one revision among them."""

RubricOf = Callable[[str], Awaitable[Rubric | None]]
"""Finds a version of a rubric by its hash. None: it is not known any more."""

RedactionOf = Callable[[str], Redaction]
"""What of a use case's texts nobody may see. A page travels further than a trace store."""

_NO_PLACE = "the record has no place of the sentence"
_CHANGED = "the trace has changed since it was judged"


class Passage(Record):
    """A stretch of the evidence that the sentence was held against, with the passage's number from 1."""

    number: int
    text: str


class MarkedAnswer(Record):
    """One answer with the sentence that is wrong in it.

    Attributes:
        question, response: empty where they cannot be shown; `note` says why.
        span: where the sentence stands in the response. None: the whole answer is meant.
        passages: what it was held against. None: nothing in the evidence.
    """

    use_case: str
    rubric: str
    revision: str
    worst: WorstAnswer
    question: str = ""
    response: str = ""
    span: tuple[int, int] | None = None
    passages: tuple[Passage, ...] = ()
    note: str = ""


class _Asked(NamedTuple):
    use_case: str
    rubric: str
    revision: str
    worst: WorstAnswer


async def read_answers(
    report: PeriodReport, reader: HistoryReader, store: TraceReader, rubric_of: RubricOf, redaction_of: RedactionOf
) -> list[MarkedAnswer]:
    """The worst answers with their texts, private values replaced as they were for the judges.

    Of many use cases the most urgent show their texts.

    Raises:
        HistoryUnavailable
    """
    asked = list(_asked(report))[:MOST_TEXTS]
    rows = [await _row_of(reader, answer) for answer in asked]
    fetched, problem = await _fetch(store, [row for row in rows if row is not None])
    answers = []
    for answer, row in zip(asked, rows, strict=True):
        rubric = await rubric_of(row.rubric_hash) if row else None
        told = await in_thread(_marked, answer, row, fetched, rubric, redaction_of(answer.use_case))
        answers.append(told.model_copy(update={"note": problem}) if problem else told)
    return answers


def _asked(report: PeriodReport) -> Iterator[_Asked]:
    """What got worse comes first, then what has the highest rate."""
    for _, case in by_urgency(report):
        for row in case.revisions:
            for worst in row.worst[:TEXTS_OF_REVISION]:
                yield _Asked(case.use_case, case.rubric, row.revision, worst)


async def _row_of(reader: HistoryReader, asked: _Asked) -> HistoryRow | None:
    """The latest row of an answer under the revision that is reported."""
    own = [
        row
        for row in await reader.rows_of(asked.worst.trace_id)
        if (row.rubric, row.revision) == (asked.rubric, asked.revision)
        and row.observation_id == asked.worst.observation_id
    ]
    return own[-1] if own else None


async def _fetch(store: TraceReader, rows: Sequence[HistoryRow]) -> tuple[Mapping[str, Fetched], str]:
    """The traces by id, and what the store refused."""
    keys = {row.trace_id: TraceKey(trace_id=row.trace_id, start=row.started_at, end=row.ended_at) for row in rows}
    if not keys:
        return {}, ""
    try:
        return await store.fetch_traces(list(keys.values())), ""
    except StoreError as exc:
        return {}, f"the trace store failed: {exc}"


def _marked(
    asked: _Asked, row: HistoryRow | None, fetched: Mapping[str, Fetched], rubric: Rubric | None, redaction: Redaction
) -> MarkedAnswer:
    if row is None:
        return MarkedAnswer(**asked._asdict(), note=_NO_PLACE)
    redacted, note = _judged(row, fetched.get(row.trace_id), rubric, redaction)
    if redacted is None:
        return MarkedAnswer(**asked._asdict(), note=note)
    sample = redacted.sample
    span = span_of(row.worst, redacted.response)
    return MarkedAnswer(
        **asked._asdict(),
        question=sample.question,
        response=sample.response,
        span=span,
        passages=tuple(_passages(row.worst, redacted)),
        note="" if span else _NO_PLACE,
    )


def _judged(
    row: HistoryRow, fetched: Fetched | None, rubric: Rubric | None, redaction: Redaction
) -> tuple[RedactedSample | None, str]:
    """What was judged, taken out of the trace once more, or why it cannot be shown.

    Offsets count in what was judged: in a trace that grew since they would mark words that no judge ever saw.
    """
    if rubric is None:
        return None, "the rubric that judged it is not known any more"
    if fetched is None:
        return None, "the store does not have the trace any more"
    if isinstance(fetched, StoreError):
        return None, f"the trace could not be read: {fetched}"
    try:
        redacted = redacted_sample(build_sample(fetched, rubric.sample), redaction)
    except UnjudgeableSample:
        return None, _CHANGED
    if row.sample_hash is not None and redacted.sample.content_hash() != row.sample_hash:
        return None, _CHANGED
    return redacted, ""


def span_of(worst: Mapping[str, Any] | None, response: RedactedText) -> tuple[int, int] | None:
    """The place of the sentence in a response as it is shown. None where the record tells none that fits.

    The record counts in the trace's own text. Example: `{"span": [3, 40]}` is (3, 40) in a text of 100 characters
    without private values, and None in one of 20.
    """
    span = (worst or {}).get("span")
    return _shown_place(span, response) if span is not None and _are_numbers(span, 2) else None


def _passages(worst: Mapping[str, Any] | None, redacted: RedactedSample) -> Iterator[Passage]:
    for place in (worst or {}).get("evidence") or ():
        if not _are_numbers(place, 3) or not 0 <= place[0] < len(redacted.contexts):
            continue
        context = redacted.contexts[place[0]]
        shown = _shown_place(place[1:], context)
        if shown is not None:
            yield Passage(number=place[0] + 1, text=context.text[shown[0] : shown[1]])


def _shown_place(place: Sequence[int], text: RedactedText) -> tuple[int, int] | None:
    """Where a stretch of the trace's own text stands in the text that is shown."""
    back = [Replaced(r.original_start, r.original_end, r.start, r.end) for r in text.replaced]
    start, end = place
    if not 0 <= start < end:
        return None
    start, end = RedactedText("", back).original(start, end)
    return (start, end) if start < end <= len(text.text) else None


def _are_numbers(values: Any, count: int) -> bool:
    return isinstance(values, list | tuple) and len(values) == count and all(type(value) is int for value in values)
