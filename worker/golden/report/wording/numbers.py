"""Numbers and names as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from assay.worker.golden.results.gate_result import MetricTest
from assay.worker.golden.results.run_result import JudgedBy
from assay.worker.golden.sets.manifest import PASS_RATE
from assay.worker.statistics.intervals import Estimate

_NAMES = {"target_tokens": "tokens per answer", "target_latency_s": "seconds per answer"}


def metric_name(metric: str) -> str:
    """A metric's name for people: `pass_rate` becomes `pass rate`."""
    return _NAMES.get(metric, metric.replace("_", " "))


def number(value: float | None) -> str:
    """A mean for people: three digits after the point below ten, whole above."""
    if value is None:
        return "unknown"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"


def p_value_of(value: float | None) -> str:
    """A p-value in three significant digits."""
    return "not estimable" if value is None else f"{value:.3g}"


def share(estimate: Estimate | None) -> str:
    """A share with its interval and n."""
    if estimate is None:
        return "not estimable"
    groups = f" in {estimate.n_clusters} clusters" if estimate.n_clusters is not None else ""
    return f"{estimate.value:.1%} [{estimate.low:.1%}, {estimate.high:.1%}], n = {estimate.n}{groups}"


def items_words(items: int, clusters: int) -> str:
    """How many items there are, and in how many clusters where some share one: `88 items in 13 clusters`."""
    return counted(items, "item") + (f" in {counted(clusters, 'cluster')}" if clusters < items else "")


def listed(names: Sequence[str], most: int) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def counted(number_of: int, noun: str) -> str:
    """A number and its noun: `1 cluster`, `2 clusters`."""
    return f"{number_of} {noun}" + ("" if number_of == 1 else "s")


def n_words(test: MetricTest) -> str:
    """What a test rests on, short: `88`, or `88 in 13` clusters."""
    return str(test.n) if test.clusters >= test.n else f"{test.n} in {test.clusters}"


def signed(value: float, digits: int) -> str:
    """A change: with its sign, a true minus, and none on zero."""
    rounded = f"{value:+.{digits}f}".replace("-", "\N{MINUS SIGN}")
    return f"{0:.{digits}f}" if round(value, digits) == 0 else rounded


def cost_words(cost_usd: float | None, judged_by: JudgedBy) -> str:
    """What judging cost, and that the judge was asked by batch: `0.0123 USD (judged by batch)`."""
    cost = "cost unknown (no price)" if cost_usd is None else f"{cost_usd:.4f} USD"
    return cost + (" (judged by batch)" if judged_by == "batch" else "")


def mean_of(test: MetricTest, value: float | None) -> str:
    """One side's mean of a metric; a pass rate in percent."""
    return f"{value:.1%}" if value is not None and test.metric == PASS_RATE else number(value)


def change_of(test: MetricTest) -> str:
    """How far a secondary metric moved: a ratio of what is counted, else a difference."""
    if test.baseline is None or test.candidate is None:
        return "unknown"
    return f"× {test.ratio:.2f}" if test.ratio is not None else signed(test.candidate - test.baseline, 3)
