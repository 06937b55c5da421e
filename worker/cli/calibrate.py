"""`assay calibrate`: from human labels to a risk that means what it says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from assay.judges.calibration import Calibration, risk_hash
from assay.judges.errors import ConfigurationError, ModelUnavailable
from assay.judges.evaluate import Evaluator
from assay.judges.rubric import JudgeName, Rubric
from assay.worker.batch.process_pool import cores
from assay.worker.batch.reading import RawLine, open_samples
from assay.worker.batch.run import choose_rubric, judge_all
from assay.worker.batch.verdict_lines import Judged
from assay.worker.calibration.fitting import CalibrationReport, Comparison, compare, cross_fitted, fit, reliability_of
from assay.worker.calibration.labels import LabelledRisk, LabelsFile, check_labels, labelled_risk, why_no_risk
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root
from assay.worker.cli.judge import (
    JudgeConcurrencyOption,
    JudgeOption,
    RubricNameOption,
    WorkersOption,
    leaving_cleanly,
    progress,
)
from assay.worker.config.root import ConfigRoot, calibration_path, packaged_root
from assay.worker.ports.clock import SystemClock
from assay.worker.records.jsonl import BadLine
from assay.worker.statistics.intervals import Estimate
from assay.worker.wiring.judges import build_evaluator

MOST_FAILED = 0.02
"""Above this share of failed judgements the rest may not be what the labels stand for."""


def calibrate(  # noqa: PLR0913, PLR0917  # one parameter for each option
    labels: Annotated[
        Path, typer.Option("--labels", help="JSONL: samples, or verdicts of assay judge, with label 0/1.")
    ],
    judge_name: JudgeOption = None,
    rubric: RubricNameOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to write \\[default: calibration/ in the config root]")
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Write a reliability plot (PNG).")] = None,
    slices: Annotated[list[str] | None, typer.Option("--slice", help="Also by this field; may be repeated.")] = None,
    concurrency: JudgeConcurrencyOption = 32,
    workers: WorkersOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit the risk of one judge and rubric to human labels, and show what it is worth on rows it was not fitted on.

    The curve is logistic below 500 labels and isotonic from there on. Rows with one `source_id` stay together in
    every fold and interval. Workers, `assay judge`, golden runs and the gate use the file from their next start on.
    """
    settings, root = settings_and_root(config)
    chosen = choose_rubric(root, settings.rubric_variables(), rubric=rubric, judge=judge_name)
    if chosen.method != "grounding":
        raise ConfigurationError(
            f"rubric {chosen.name}: method: {chosen.method} gives no hallucination_risk to calibrate; name a rubric of "
            "method grounding"
        )
    tier = _one_tier(chosen, judge_name)
    target = out or _target(root, chosen.name, tier)
    in_force = build_evaluator(chosen, root, settings, tier=tier)
    evaluator = Evaluator(chosen, in_force.judge)
    file = check_labels(
        labels, {in_force.revision, evaluator.revision}, lambda bad: typer.echo(f"assay: {bad}", err=True)
    )
    rows, without = _labelled(file, evaluator, slices or [], workers or cores(), concurrency)
    calibrated = cross_fitted(rows)
    calibration = Calibration(
        rubric=chosen.name,
        rubric_hash=risk_hash(chosen, evaluator.judge.name),
        judge=evaluator.judge.name,
        judge_fingerprint=evaluator.judge.fingerprint,
        curve=fit(rows),
        n=len(rows),
        positives=sum(row.label for row in rows),
        fitted_on=SystemClock().now().date(),
        data_digest=file.digest,
    )
    report = CalibrationReport(
        calibration=calibration,
        groups=tuple(compare(rows, calibrated, slices or [], chosen.risk_labels.high)),
        without_risk=dict(without),
        reliability_as_judged=reliability_of(rows, [row.risk for row in rows]),
        reliability_calibrated=reliability_of(rows, calibrated),
    )
    _write(target, calibration)
    if plot is not None:
        from assay.worker.calibration.reliability_plot import plot_reliability

        plot_reliability(report, plot)
    if as_json:
        print_json(report)
    else:
        _show(report, target, plot)


def _labelled(
    file: LabelsFile, evaluator: Evaluator, slices: list[str], workers: int, concurrency: int
) -> tuple[list[LabelledRisk], Counter[str]]:
    """The rows that have a risk, and why the others have none.

    Raises:
        ModelUnavailable: too many could not be judged.
    """
    rows: list[LabelledRisk] = []
    without: Counter[str] = Counter()

    def take(record: dict[str, Any]) -> None:
        row = labelled_risk(record, slices)
        if row is None:
            without[why_no_risk(record)] += 1
        else:
            rows.append(row)

    with leaving_cleanly(again=False), open_samples(file.path) as source:
        if file.holds_verdicts:
            for line in source:
                if isinstance(line, RawLine):
                    take(json.loads(line.content))
        else:
            with progress(source, beside=True) as (_, advance):
                judge_all(source, evaluator, _taking(take, advance), workers=workers, concurrency=concurrency)
    if without["failed"] > MOST_FAILED * file.lines:
        raise ModelUnavailable(f"{without['failed']} of {file.lines} samples could not be judged; nothing was fitted")
    return rows, without


def _taking(take: Callable[[dict[str, Any]], None], advance: Callable[[], None]) -> Callable[[Judged | BadLine], None]:
    def result(one: Judged | BadLine) -> None:
        if isinstance(one, Judged):
            take(json.loads(one.line))
            advance()

    return result


def _one_tier(rubric: Rubric, judge: JudgeName | None) -> JudgeName:
    """The judge to calibrate: every tier of a cascade has a risk of its own.

    Raises:
        ConfigurationError: the rubric names several and none was chosen.
    """
    if judge is None and rubric.judge.is_cascade:
        tiers = ", ".join(rubric.judge.tiers)
        raise ConfigurationError(f"rubric {rubric.name}: judge.tiers: names {tiers}; choose one with --judge")
    return judge or rubric.tier


def _target(root: ConfigRoot, rubric: str, judge: str) -> Path:
    """The config root's own place for the file; never inside an installed package.

    Raises:
        ConfigurationError: there is no config root of the team's own.
    """
    if root.path == packaged_root() and Path.cwd() != root.path:
        raise ConfigurationError("config root: none here; name one with --config, or the file to write with --out")
    return calibration_path(root.path, rubric, judge)


def _write(path: Path, calibration: Calibration) -> None:
    """Write whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(calibration.model_dump_json(indent=1) + "\n", encoding="utf-8")
        fresh.replace(path)
    except OSError as exc:
        raise ConfigurationError(f"{path}: cannot be written ({exc.strerror}); name another file with --out") from exc


def _show(report: CalibrationReport, target: Path, plot: Path | None) -> None:
    fitted = report.calibration
    for group in report.groups:
        console.print(_table(group))
    without = ", ".join(f"{count} {reason}" for reason, count in sorted(report.without_risk.items()))
    console.print(f"without a risk, not used: {without or 'none'}", highlight=False)
    console.print(
        f"{fitted.rubric}, {fitted.judge} judge: {fitted.curve.kind} curve on {fitted.n} labels, {fitted.positives} "
        f"marked, version {fitted.content_hash()[:12]} → {target}" + (f", {plot}" if plot else ""),
        highlight=False,
        soft_wrap=True,
    )


def _table(group: Comparison) -> Table:
    before, after = group.as_judged, group.calibrated
    about = f"n {before.n}, {before.marked} marked, {before.sources} sources; flagged at risk ≥ {before.cut:g}"
    table = Table("figure", "as judged", "calibrated, out of fold", title=Text(f"{group.group}: {about}"), min_width=72)
    for name in ("sensitivity", "specificity", "balanced_accuracy", "auroc", "kappa", "ece"):
        table.add_row(_NAMES.get(name, name), _shown(getattr(before, name)), _shown(getattr(after, name)))
    table.add_row("  by chance up to", f"{before.ece_by_chance:.3f}", f"{after.ece_by_chance:.3f}")
    return table


_NAMES = {"balanced_accuracy": "balanced accuracy", "auroc": "AUROC", "kappa": "Cohen's kappa", "ece": "ECE, 5 bins"}


def _shown(estimate: Estimate | None) -> str:
    return "–" if estimate is None else f"{estimate.value:.3f} ({estimate.low:.3f}–{estimate.high:.3f})"
