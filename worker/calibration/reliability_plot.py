"""The reliability plot: what risks state against what people marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assay.judges.errors import ConfigurationError
from assay.worker.calibration.fitting import CalibrationReport
from assay.worker.extras import needs_extra
from assay.worker.statistics.calibration import ReliabilityBin

_SIZE_INCHES = (6.0, 6.0)


def check_parts() -> None:
    """Refuse to begin where the extra is not installed.

    Raises:
        ConfigurationError: names the extra.
    """
    needs_extra("plot", what="--plot", otherwise="or leave it out")


def plot_reliability(report: CalibrationReport, path: Path) -> None:
    """Write the plot as PNG: a point per bin with its interval, as judged and calibrated, and the diagonal.

    Raises:
        ConfigurationError: the file cannot be written, or the extra `plot` is not installed.
    """
    check_parts()
    # It takes a second to import. The object interface needs no screen and no global state.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, label="perfect")
    for bins, color, marker, name in (
        (report.reliability_as_judged, "tab:orange", "o", "as judged"),
        (report.reliability_calibrated, "tab:blue", "s", "calibrated, out of fold"),
    ):
        axes.errorbar(
            [point.stated for point in bins],
            [point.marked.value for point in bins],
            yerr=_arms(bins),
            color=color,
            marker=marker,
            capsize=3,
            label=name,
        )
    fitted = report.calibration
    axes.set_title(f"{fitted.rubric}, {fitted.judge} judge: n = {fitted.n}, {fitted.positives} marked", fontsize=11)
    axes.set_xlabel("mean hallucination risk in the bin")
    axes.set_ylabel("share that people marked, 95 % interval over sources")
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
    try:
        figure.savefig(path, format="png", dpi=150)
    except OSError as exc:
        raise ConfigurationError(f"{path}: --plot: cannot be written ({exc.strerror}); name another file") from exc


def _arms(bins: Sequence[ReliabilityBin]) -> list[list[float]]:
    """Lengths of the intervals' arms below and above each point."""
    below = [point.marked.value - point.marked.low for point in bins]
    return [below, [point.marked.high - point.marked.value for point in bins]]
