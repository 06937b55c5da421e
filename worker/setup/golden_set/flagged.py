"""A golden set's content out of flagged traces: their questions as items, their answers as anchors to be labelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from assay.judges.errors import UnjudgeableSample
from assay.judges.redaction.policy import Redaction
from assay.judges.redaction.redact import redacted_sample
from assay.judges.rubric import Rubric
from assay.judges.schema import Sample
from assay.worker.extraction.samples import build_sample
from assay.worker.flow.redacted_facts import redacted_id
from assay.worker.ports.source import Fetched, TraceReader
from assay.worker.ports.store_errors import StoreError
from assay.worker.records.traces import TraceKey
from assay.worker.reporting.flagged.ranking import FlaggedEntry
from assay.worker.setup.golden_set.content import SetContent

_PAGE = 100
"""Traces in one request."""


async def flagged_content(
    flagged: Sequence[FlaggedEntry],
    store: TraceReader,
    rubrics: Mapping[str, Rubric],
    redaction_of: Callable[[str], Redaction],
) -> SetContent:
    """The content of a set from flagged answers, in their order; each trace once.

    Args:
        flagged: the answers.
        store: where their traces are.
        rubrics: those in use, whose selectors find the parts of a trace.
        redaction_of: what of a use case's text is replaced.

    Raises:
        StoreError: nothing could be read.
    """
    content = SetContent()
    entries = list({answer.entry.trace_id: answer for answer in reversed(flagged)}.values())[::-1]
    lost = 0
    for at in range(0, len(entries), _PAGE):
        page = entries[at : at + _PAGE]
        promises = [answer.entry.promise for answer in page]
        keys = [TraceKey(trace_id=promise.trace_id, start=promise.start, end=promise.end) for promise in promises]
        traces = await store.fetch_traces(keys)
        for answer in page:
            rubric = rubrics.get(answer.entry.promise.rubric)
            fetched = traces.get(answer.entry.trace_id)
            redaction = redaction_of(answer.entry.promise.use_case)
            sample = None if rubric is None else _sample(fetched, rubric, redaction)
            if sample is None or not sample.question:
                lost += 1
            else:
                _add(content, answer, sample, _session(fetched, redaction))
    if lost:
        content.notes.append(f"{lost} traces left out: the store has them no more, or they hold no question")
    if content.items:
        content.notes.append("flagged answers alone make a one-sided exam; label right ones, too")
    return content


def _sample(fetched: Fetched | None, rubric: Rubric, redaction: Redaction) -> Sample | None:
    if fetched is None or isinstance(fetched, StoreError):
        return None
    try:
        return redacted_sample(build_sample(fetched, rubric.sample), redaction).sample
    except UnjudgeableSample:
        return None


def _session(fetched: Fetched | None, redaction: Redaction) -> str | None:
    if fetched is None or isinstance(fetched, StoreError):
        return None
    return redacted_id(fetched.root.session_id, redaction)


def _add(content: SetContent, answer: FlaggedEntry, sample: Sample, session: str | None) -> None:
    """One item, and its answer for a person to label: blindly, so nothing of what the judge said goes with it.

    The same question over the same evidence is one item, with an answer more.
    """
    promise = answer.entry.promise
    asked = {
        "question": sample.question,
        "history": [{"role": turn.role, "content": turn.content} for turn in sample.history],
        "contexts": list(sample.contexts),
        "tags": [promise.use_case],
    }
    asked = {key: value for key, value in asked.items() if value}
    known = next((item for item in content.items if _asked(item) == asked), None)
    item_id = str(known["id"]) if known else f"{promise.use_case}-{len(content.items) + 1:03}"
    if known is None:
        content.items.append({"id": item_id, "expect": "answer", **asked, "source_id": session or sample.id})
    number = 1 + sum(anchor["item"] == item_id for anchor in content.unlabelled)
    content.unlabelled.append(
        {"id": f"{item_id}-a{number}", "label": None, "item": item_id, "response": sample.response}
    )


def _asked(item: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in item.items() if key not in ("id", "expect", "source_id")}
