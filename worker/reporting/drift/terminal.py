"""A check and its history for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from assay.worker.reporting.drift.words import NAMES, change_words, check_line, largest_change, period_words
from assay.worker.reporting.terminal.text import shown
from assay.worker.signals.drift.records import DriftCheck, FeatureDrift


def check_parts(check: DriftCheck) -> Iterator[Text]:
    """A headline, where the figures come from, and two lines for each feature."""
    yield Text(check_line(check), "yellow" if check.drifted else "")
    if check.state == "waiting":
        return
    yield Text(period_words(check), "dim")
    if check.drifted:
        yield from _features(check)
    still = [each for each in check.features if each.p_adjusted is not None and not each.drifted]
    if still:
        told = ", ".join(f"{NAMES.get(each.feature, each.feature)} (p {each.p_adjusted:.2f})" for each in still)
        yield Text(f"no drift shown in: {told}")
    for each in check.features:
        if each.note:
            yield Text(f"not compared: {NAMES.get(each.feature, each.feature)}: {each.note}")


def history_table(checks: Sequence[DriftCheck]) -> Table:
    """Earlier checks, the newest first."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, title="Daily checks", title_justify="left")
    for name in ("when (UTC)", "use case", "baseline", "n", "result"):
        table.add_column(name, overflow="fold")
    for check in reversed(checks):
        result = check_line(check).partition(": ")[2]
        table.add_row(
            f"{check.at:%Y-%m-%d %H:%M}", shown(check.use_case), shown(check.baseline), f"{check.n:,}", shown(result)
        )
    return table


def _features(check: DriftCheck) -> Iterator[Text]:
    """Two lines for each feature that drifted, which fit into 80 columns, and what their figures are."""
    names = [f"{feature.side}: {NAMES.get(feature.feature, feature.feature)}" for feature in check.drifted]
    width = max(map(len, names))
    for name, feature in zip(names, check.drifted, strict=True):
        size = f"{feature.size:.1%}" if feature.size is not None else ""
        counts = f"n {feature.n_baseline:,} : {feature.n:,}"
        yield Text(f"{name:<{width}}  p {_p(feature)}  changed {size:>5}  {counts}", "bold")
        told = (
            _change(feature),
            _beside("PSI", feature.psi, feature.psi_bound, "{:.3f}"),
            _beside("centroid", feature.centroid, feature.centroid_bound, "{:.4f}"),
        )
        yield Text("  " + ", ".join(filter(None, told)))
    yield Text(
        f"p is held against all tests of the check (Holm, {check.alpha:g}). PSI and centroid only explain; beside each "
        "is its 99 % point by chance at this n.",
        "dim italic",
    )


def _p(feature: FeatureDrift) -> str:
    return "" if feature.p_adjusted is None else f"{feature.p_adjusted:.3f}"


def _beside(name: str, value: float | None, bound: float | None, form: str) -> str:
    if value is None:
        return ""
    return f"{name} {form.format(value)}" + (f" (99 %: {form.format(bound)})" if bound is not None else "")


def _change(feature: FeatureDrift) -> str:
    change = largest_change(feature)
    return shown(change_words(change)) if change else ""
