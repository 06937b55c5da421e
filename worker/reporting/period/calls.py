"""Calls of a period that belong to no rate: paid without a score, or without a known end. All forms tell of them."""

from __future__ import annotations

from collections.abc import Iterator

from assay.worker.records.ledger import UnscoredSpend
from assay.worker.reporting.period.records import PeriodReport
from assay.worker.reporting.terminal.fleet_health import unknown_words


def call_lines(report: PeriodReport) -> Iterator[str]:
    """What calls of all use cases took that gave no score, or of which nobody knows how they ended."""
    lost, ends = report.spent_without_score, report.unknown_ends
    if lost and lost.calls:
        yield spend_words(lost)
    if ends and ends.calls:
        yield unknown_words(ends)


def spend_words(spent: UnscoredSpend) -> str:
    """What was paid for no score."""
    unpriced = f", and {spent.unpriced_calls:,} calls of unknown price" if spent.unpriced_calls else ""
    return f"spent without a score: {spent.calls:,} model calls, {spent.cost_usd:.4f} USD{unpriced}"
