"""`assay compare`: two slices of production traffic, and the exit code that stops a canary."""

from __future__ import annotations

import asyncio
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.compare_question import Asked, check_names, rules_of, sides_of
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root
from assay.worker.cli.streams import print_error
from assay.worker.ports.clock import SystemClock
from assay.worker.reporting.compare.markdown import compare_markdown
from assay.worker.reporting.compare.question import Metric, Question
from assay.worker.reporting.compare.shares import ShareKind
from assay.worker.reporting.compare.terminal import compare_parts, compare_texts

if TYPE_CHECKING:
    from assay.worker.config.root import ConfigRoot
    from assay.worker.config.settings import Settings
    from assay.worker.reporting.compare.result import CompareResult
    from assay.worker.reporting.compare.verdict import CompareRules


class Fact(StrEnum):
    """What can tell the two sides apart."""

    RELEASE = "release"
    PROMPT_VERSION = "prompt_version"
    MODEL = "model"
    TAG = "tag"
    ENVIRONMENT = "environment"
    VERSION = "version"
    TRACE_NAME = "trace_name"
    PROVIDER = "provider"
    FEATURE = "feature"
    USER_TIER = "user_tier"


ByOption = Annotated[Fact | None, typer.Option("--by", help="The fact of a trace that tells the sides apart.")]
AOption = Annotated[str | None, typer.Option("--a", help="Its value on the side before, e.g. v41.")]
BOption = Annotated[str | None, typer.Option("--b", help="Its value on the side that may be worse, e.g. v42.")]
ChangedOption = Annotated[
    str | None,
    typer.Option("--changed-at", help="Instead of --by: traffic before this moment (a) and from it on (b)."),
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since", help="First moment: 2026-11-20, 2026-11-20T09:30Z or 7d \\[default: 7d; of --changed-at: as long]"
    ),
]
UntilOption = Annotated[str, typer.Option("--until", help="End: a day is meant as a whole.")]
UseCasesOption = Annotated[list[str] | None, typer.Option("--use-case", help="Only this use case; may be repeated.")]
RubricsOption = Annotated[list[str] | None, typer.Option("--rubric", help="Only this rubric; may be repeated.")]
MetricOption = Annotated[
    Metric | None,
    typer.Option("--metric", help="What is compared \\[default: problem_share where calibrated, else flagged]"),
]
AlphaOption = Annotated[
    float, typer.Option("--alpha", help="Risk of a false alarm of the compared rates, over all rows together.")
]
MustSeeOption = Annotated[
    float, typer.Option("--must-see", help="No pass where not even such a difference would be seen (0.1 = 10 points).")
]
MarginOption = Annotated[
    float | None,
    typer.Option("--non-inferior", help="Pass only if b is shown to be worse by less than this (0.02 = 2 points)."),
]
AcceptOption = Annotated[
    list[ShareKind] | None,
    typer.Option("--accept", help="What b may have more of than a, e.g. refusals that are meant; may be repeated."),
]
MarkdownOption = Annotated[Path | None, typer.Option("--markdown", help="Also write the result to this file.")]


def compare(  # noqa: PLR0913, PLR0917  # one parameter for each option
    by: ByOption = None,
    a: AOption = None,
    b: BOption = None,
    changed_at: ChangedOption = None,
    since: SinceOption = None,
    until: UntilOption = "now",
    use_case: UseCasesOption = None,
    rubric: RubricsOption = None,
    metric: MetricOption = None,
    alpha: AlphaOption = 0.05,
    must_see: MustSeeOption = 0.1,
    non_inferior: MarginOption = None,
    accept: AcceptOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    markdown: MarkdownOption = None,
) -> None:
    """Compare two slices of production traffic. Exit 0 pass, 1 regressed, 2 input error, 3 inconclusive.

    Reads the record alone: no Redis, no judge, no trace store. Rates are weighted, answers of one session count as one
    draw, and only traffic that one evaluator revision judged on both sides is compared. No pass where b gives fewer
    answers to judge: empty ones, refusals, unanswered traces.
    """
    settings, root = settings_and_root(config)
    rules = rules_of(alpha, must_see, non_inferior, accept or ())
    before, after = sides_of(Asked(by, a, b, changed_at, since, until), SystemClock().now())
    question = Question(
        by=by, a=before, b=after, use_cases=tuple(use_case or ()), rubrics=tuple(rubric or ()), metric=metric
    )
    question.check()
    if markdown is not None:
        _check_place(markdown)
    result = asyncio.run(_compare(settings, root, question, rules))
    if as_json:
        print_json(result)
    else:
        _print(result)
    if markdown is not None:
        _write(markdown, result)
    raise typer.Exit(result.exit_code)


async def _compare(settings: Settings, root: ConfigRoot, question: Question, rules: CompareRules) -> CompareResult:
    from assay.worker.reporting.compare.comparing import compare as compare_slices
    from assay.worker.wiring.history import open_record
    from assay.worker.wiring.judges import load_rubrics

    deployment = root.deployment()
    rubrics = load_rubrics(root, deployment, settings)
    cuts = {name: rubric.risk_labels.high for name, rubric in rubrics.items()}
    history = open_record(settings, root)
    try:
        await check_names(history.reader, deployment, question)
        return await compare_slices(history.reader, question, rules, lambda rubric: cuts.get(rubric, 0.5))
    finally:
        await history.close()


def _print(result: CompareResult) -> None:
    """Lines as wide as the terminal. In a pipe or the log of a pipeline no sentence is cut into several."""
    if console.is_terminal:
        for part in compare_parts(result):
            console.print(part, highlight=False)
        return
    for text in compare_texts(result):
        console.print(text, highlight=False, soft_wrap=True)


def _check_place(path: Path) -> None:
    """See that the file can be written, before anything is read.

    Raises:
        ConfigurationError
    """
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigurationError(f"--markdown: {path}: {'is a folder' if path.is_dir() else 'no such folder'}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ConfigurationError(f"--markdown: {path}: may not be written")


def _write(path: Path, result: CompareResult) -> None:
    """The verdict is known by now: a disk that is full must not hide it from a pipeline."""
    try:
        path.write_text(compare_markdown(result), encoding="utf-8")
    except OSError as exc:
        print_error(f"warning: --markdown: {path}: {exc.strerror}; the exit code is that of the verdict")
