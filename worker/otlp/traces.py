"""Spans of one trace to a trace: its root, and the steps under it.

What the attributes of a step mean is told by `assay.worker.extraction`, in whichever dialect they are. Here they only
find their place: what a trace has a column for goes there and is not repeated, all else is metadata.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from assay.worker.otlp.columns import environment_of, root_columns, taken_by_root
from assay.worker.otlp.evaluation_names import EVALUATION
from assay.worker.otlp.steps import has_content, is_leaf, step_of, texts_of
from assay.worker.records.spans import Span
from assay.worker.records.traces import OWN_ENVIRONMENT, Trace, TraceRoot


def trace_of(spans: Sequence[Span]) -> Trace | None:
    """A whole trace from its spans, in any order and with repetitions; None where none of them is a root.

    Of several roots the first by `root_order` is taken, with what lies under it and nothing else: evidence of another
    run in the same trace is no evidence for this one's answer.
    """
    known = [span for span in latest(spans).values() if not is_own(span)]
    roots = [span for span in known if span.parent_id is None]
    if not roots:
        return None
    root = min(roots, key=root_order)
    below = under(root.span_id, known, {span.span_id for span in roots})
    given, answered = texts_of(root)
    steps = [step_of(span) for span in below]
    if is_leaf(root):
        steps.append(step_of(root, besides=taken_by_root(root)))
    return Trace(
        root=root_of(root),
        input=given,
        output=answered,
        observations=tuple(sorted(steps, key=lambda step: (step.start, step.id))),
    )


def root_order(span: Span) -> tuple[bool, datetime, str]:
    """Of several roots of a trace the least by this counts: one with an input or output, and of those the earliest."""
    return (not has_content(span), span.start, span.span_id)


def root_of(span: Span) -> TraceRoot:
    """The columns of a root, from its span alone."""
    return root_columns(span)


def is_own(span: Span) -> bool:
    """Whether a span is ours: the result of an evaluation, or one of our own environment."""
    return EVALUATION in span.attributes or environment_of(span) == OWN_ENVIRONMENT


def latest(spans: Iterable[Span]) -> dict[str, Span]:
    """Spans by id. Of a span that came twice the one that ended later holds, and of those the fuller one."""
    newest: dict[str, Span] = {}
    for span in spans:
        known = newest.get(span.span_id)
        if known is None or (known != span and _age(span) > _age(known)):
            newest[span.span_id] = span
    return newest


def under(root_id: str, spans: Sequence[Span], roots: set[str]) -> list[Span]:
    """Spans below a root, all roots given. Where it is the only one, those whose parents never came are its, too."""
    parents = {span.span_id: span.parent_id for span in spans}
    tops: dict[str, str | None] = {root: root for root in roots}
    mine = {root_id} if len(roots) > 1 else {root_id, None}
    return [span for span in spans if span.span_id not in roots and _top(span.span_id, parents, tops) in mine]


def _top(span_id: str, parents: Mapping[str, str | None], tops: dict[str, str | None]) -> str | None:
    """The root above a span; None where the way up is broken or a circle. What is found is kept for all on the way."""
    climbed: list[str] = []
    at: str | None = span_id
    seen: set[str] = set()
    while at is not None and at not in tops and at not in seen:
        seen.add(at)
        climbed.append(at)
        at = parents.get(at)
    top = tops.get(at) if at is not None else None
    tops.update(dict.fromkeys(climbed, top))
    return top


def _age(span: Span) -> tuple[float, int, str]:
    """How new a span is. Of two that ended at once the one with more in it counts, and at last any, but always it."""
    ended = span.end or span.start
    size = len(span.attributes) + len(span.events)
    return (ended.timestamp(), size, repr(span))
