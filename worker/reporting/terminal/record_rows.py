"""A row of the record in lines: what became of a trace that the ledger has forgotten."""

from __future__ import annotations

from collections.abc import Iterator

from assay.worker.records.facts import TraceFacts
from assay.worker.records.history import HistoryRow
from assay.worker.reporting.terminal.text import shown

_WORDS = {"risk": "hallucination_risk"}
"""Columns that are called otherwise than the score in them."""


def row_lines(row: HistoryRow) -> Iterator[str]:
    """What the record has of one judgement. The ledger knows it no more, or only another version of the rubric."""
    reason = f" ({shown(row.reason)})" if row.reason else ""
    told = "judged under an earlier ledger, read back from the store" if row.from_store else "told by the record"
    yield f"  rubric {shown(row.rubric)} {row.rubric_hash[:12]}: [bold]{row.state}[/]{reason}, {told}"
    yield f"    ended {row.changed_at:%Y-%m-%d %H:%M:%S} UTC, use case {shown(row.use_case)}, π {row.pi:.4g}" + (
        f" (stratum {shown(row.stratum)}, {row.sample})"
    )
    yield from (f"    {line}" for line in fact_lines(_facts(row)))
    yield from _judged_lines(row)


def fact_lines(facts: TraceFacts | None) -> Iterator[str]:
    """What the trace says of itself: where it comes from, and what it took. Nothing for what it does not say."""
    if facts is None:
        return
    prompt = " ".join(part for part in (facts.prompt_name, facts.prompt_version) if part)
    served = facts.model_served or facts.model_asked
    origin = (("model", served), ("by", facts.provider), ("prompt", prompt), ("release", facts.release))
    told = ", ".join(f"{name} {shown(value)}" for name, value in origin if value)
    if told:
        yield f"answered with {told}"
    took = ", ".join(_taken(facts))
    if took:
        yield f"it took {took}"


_BY_PRICES = {"prices": " by the price table", "mixed": " partly by the price table"}
"""How much of a trace's cost our prices told, by its `cost_from`."""


def _taken(facts: TraceFacts) -> Iterator[str]:
    if facts.input_tokens is not None:
        cached = f" ({facts.cached_tokens:,} cached)" if facts.cached_tokens else ""
        yield f"{facts.input_tokens:,} tokens in{cached}"
    if facts.output_tokens is not None:
        yield f"{facts.output_tokens:,} out"
    if facts.cost_usd is not None:
        yield f"{facts.cost_usd:.6f} USD{_BY_PRICES.get(facts.cost_from or '', '')}"
    if facts.duration_s is not None:
        yield f"{facts.duration_s:.2f} s"
    if facts.passages is not None:
        yield f"{facts.passages} {'passage' if facts.passages == 1 else 'passages'}"


def _judged_lines(row: HistoryRow) -> Iterator[str]:
    for name in ("risk", "faithfulness", "groundedness"):
        value = getattr(row, name)
        if value is not None:
            yield f"    {_WORDS.get(name, name)} = {value:.3f}"
    for name, score in sorted(row.scores.items()):
        yield f"    {shown(name)} = {shown(score if isinstance(score, str) else f'{score:.3f}')}"
    if row.judge is not None:
        tier = f" ({row.tier})" if row.tier else ""
        model = f", model {shown(row.judge_model)}" if row.judge_model else ""
        yield f"    judged by {shown(row.judge)}{tier}{model}, revision {(row.revision or 'unknown')[:12]}"
    if row.flagged_kind:
        where = ""
        if row.worst and isinstance(span := row.worst.get("span"), list) and len(span) == 2:
            where = f", characters {span[0]}–{span[1]} of the answer"
        yield f"    worst: {shown(row.flagged_kind.replace('_', ' '))}{where}"
    if row.rule_hits:
        yield f"    rules that fired: {', '.join(shown(rule) for rule in row.rule_hits)}"
    if row.judge_calls:
        cost = "an unknown cost" if row.judge_cost_usd is None else f"{row.judge_cost_usd:.6f} USD"
        yield f"    judging took {row.judge_calls} model {'call' if row.judge_calls == 1 else 'calls'} and {cost}"


def _facts(row: HistoryRow) -> TraceFacts:
    columns = TraceFacts.model_fields.keys() & HistoryRow.model_fields.keys()
    return TraceFacts.model_validate({name: getattr(row, name) for name in columns})
