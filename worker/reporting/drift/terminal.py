"""A check and its history as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from assay.worker.reporting.drift.words import NAMES, change_words, check_line, largest_change, period_words
from assay.worker.reporting.terminal.text import shown
from assay.worker.signals.drift.records import DriftCheck, FeatureDrift


def check_parts(check: DriftCheck) -> Iterator[Text | Table]:
    """A headline, where the figures come from, and a line for each feature."""
    yield Text(check_line(check), "yellow" if check.drifted else "")
    if check.state == "waiting":
        return
    yield Text(period_words(check), "dim")
    if check.drifted:
        yield _features(check)
    still = [each for each in check.features if each.p_adjusted is not None and not each.drifted]
    if still:
        told = ", ".join(f"{NAMES.get(each.feature, each.feature)} (p {each.p_adjusted:.2f})" for each in still)
        yield Text(f"no drift shown in: {told}")
    for each in check.features:
        if each.note:
            yield Text(f"not compared: {NAMES.get(each.feature, each.feature)}: {each.note}")


def history_table(checks: Sequence[DriftCheck]) -> Table:
    """Earlier checks, the newest first."""
    table = Table("when (UTC)", "use case", "baseline", "n", "result", title="Daily checks", title_justify="left")
    for check in reversed(checks):
        result = check_line(check).partition(": ")[2]
        table.add_row(
            f"{check.at:%Y-%m-%d %H:%M}", shown(check.use_case), shown(check.baseline), f"{check.n:,}", shown(result)
        )
    return table


def _features(check: DriftCheck) -> Table:
    table = Table("drift", "n", "p", "changed", "PSI (99 %)", "centroid (99 %)", "largest change")
    for feature in check.drifted:
        table.add_row(
            f"{feature.side}: {NAMES.get(feature.feature, feature.feature)}",
            f"{feature.n_baseline:,} : {feature.n:,}",
            _p(feature),
            f"{feature.size:.1%}" if feature.size is not None else "",
            _beside(feature.psi, feature.psi_bound, "{:.3f}"),
            _beside(feature.centroid, feature.centroid_bound, "{:.4f}"),
            _change(feature),
        )
    table.caption = (
        f"p is held against all tests of the check (Holm, {check.alpha:g}). PSI and centroid only explain; beside each "
        "is its 99 % point by chance at this n."
    )
    table.caption_justify = "left"
    return table


def _p(feature: FeatureDrift) -> str:
    return "" if feature.p_adjusted is None else f"{feature.p_adjusted:.3f}"


def _beside(value: float | None, bound: float | None, form: str) -> str:
    if value is None:
        return ""
    return form.format(value) + (f" ({form.format(bound)})" if bound is not None else "")


def _change(feature: FeatureDrift) -> str:
    change = largest_change(feature)
    return shown(change_words(change)) if change else ""
