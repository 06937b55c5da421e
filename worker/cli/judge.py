"""`assay judge`: samples in, one verdict a line out."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from assay.judges.errors import ConfigurationError
from assay.judges.redaction.policy import Redaction
from assay.judges.rubric import JudgeName, Rubric
from assay.judges.schema import Usage
from assay.worker.batch.process_pool import cores
from assay.worker.batch.reading import open_samples
from assay.worker.batch.run import choose_rubric, judge_all
from assay.worker.batch.tables import CSV_ENDINGS, PARQUET_ENDINGS
from assay.worker.batch.verdict_lines import Judged
from assay.worker.batch.writing import VerdictFile, open_verdicts
from assay.worker.cli.context import ConfigOption, settings_and_root
from assay.worker.cli.progress import leaving_cleanly, progress
from assay.worker.cli.streams import print_error
from assay.worker.config.deployment import Deployment
from assay.worker.config.egress import check_egress
from assay.worker.config.redaction import redaction_of
from assay.worker.config.shown_use_cases import named_use_case
from assay.worker.records.jsonl import BadLine
from assay.worker.reporting.terminal.text import json_text
from assay.worker.reporting.terminal.visible import visible
from assay.worker.wiring.judges import build_evaluator

JudgeOption = Annotated[
    JudgeName | None,
    typer.Option("--judge", help="Who judges \\[default: whom the rubric names; of a cascade this one alone]"),
]
RubricNameOption = Annotated[
    str | None, typer.Option("--rubric", help="Rubric \\[default: grounding; with --judge llm grounding-llm]")
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes of the local judge \\[default: one per core]")
]
JudgeConcurrencyOption = Annotated[
    int, typer.Option("--concurrency", min=1, max=1000, help="Samples in flight at a judge model.")
]


def judge(  # noqa: PLR0913, PLR0917  # one parameter for each option
    file: Annotated[
        Path,
        typer.Argument(
            help="JSONL, one sample a line; a table by its ending .csv, .tsv, .parquet. Packed as .gz, too. - is "
            "standard input."
        ),
    ],
    judge_name: JudgeOption = None,
    rubric: RubricNameOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write verdicts here; continued if it exists \\[default: stdout]")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show each verdict claim by claim.")] = False,
    concurrency: JudgeConcurrencyOption = 32,
    workers: WorkersOption = None,
    use_case: Annotated[
        str | None,
        typer.Option(
            "--use-case",
            help="Judge as this use case of assay.yaml: with its `redact` and its calibration, and only where its text "
            "may go \\[default: with defaults.redact]",
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Judge samples: {"id", "question", "contexts": [..], "response"} a line in, one verdict a line out, in order.

    Ctrl-C stops it; the same command goes on where it stopped if --out is given. Exit 2 if a line is no sample
    (they are named, the rest is judged), 3 if judging one failed.
    """
    settings, root = settings_and_root(config)
    chosen = choose_rubric(root, settings.rubric_variables(), rubric=rubric, judge=judge_name)
    redaction = _redaction(root.deployment(), use_case, chosen)
    evaluator = build_evaluator(chosen, root, settings, tier=judge_name, use_case=use_case)
    workers = workers or cores()
    with (
        leaving_cleanly(again=out is not None),
        open_samples(file) as source,
        _opened(out, file) as verdicts,
        progress(source, beside=not (out is None or explain)) as (bars, advance),
    ):
        tally = Tally(source.name, bars, advance, write=verdicts.write if verdicts else _to_stdout)
        if explain:
            tally.show = _shown_on_stdout if verdicts else tally.say
        lines = iter(source)
        if verdicts:
            tally.resumed(verdicts.resume(lines, evaluator.revision, tally.refuse, redaction))
        judge_all(
            lines,
            evaluator,
            tally.take,
            workers=workers,
            concurrency=concurrency,
            explain=explain,
            redaction=redaction,
        )
    print_error(tally.summary())
    raise typer.Exit(tally.exit_code)


@dataclass
class Tally:
    """Takes results as they come: writes, shows and counts them."""

    source: str
    bars: Progress
    advance: Callable[[], None]
    write: Callable[[str], None]
    show: Callable[[str], None] | None = None
    outcomes: Counter[str] = field(default_factory=Counter)
    there: int = 0
    bad: int = 0
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = 0.0

    def resumed(self, outcomes: Counter[str]) -> None:
        """Count verdicts that were there before."""
        self.outcomes += outcomes
        self.there = outcomes.total()

    def take(self, result: Judged | BadLine) -> None:
        """One result, in the order of the input."""
        if isinstance(result, BadLine):
            self.refuse(result)
            return
        self.write(result.line)
        self.outcomes[result.outcome] += 1
        self.usage += result.usage
        if self.cost_usd is not None:
            self.cost_usd = None if result.cost_usd is None else self.cost_usd + result.cost_usd
        if self.show is not None:
            self.show(result.explanation)
        self.advance()

    def refuse(self, bad: BadLine) -> None:
        """Name a line that is no sample."""
        self.bad += 1
        self.say(f"assay: {self.source}: {bad}")

    def say(self, text: str) -> None:
        """Print on stderr, above the bar. The text is data, not markup."""
        self.bars.console.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)

    @property
    def exit_code(self) -> int:
        """0, 2 for bad lines, 3 for failed outcomes."""
        if self.outcomes["failed"]:
            return 3
        return 2 if self.bad else 0

    def summary(self) -> str:
        """One line that adds up."""
        parts = [f"{self.outcomes[name]} {name}" for name in ("scored", "skipped", "failed") if self.outcomes[name]]
        there = f"; {self.there} of them were there already" if self.there else ""
        bad = f"; {self.bad} lines refused" if self.bad else ""
        return f"{self.outcomes.total()} judged ({', '.join(parts) or 'none'}){there}{bad}{self._spent()}"

    def _spent(self) -> str:
        """What the model calls of this run took. Empty where there was none."""
        usage = self.usage
        if not usage.calls:
            return ""
        share = f" ({usage.cached_tokens / usage.prompt_tokens:.0%} cached)" if usage.prompt_tokens else ""
        cost = "cost unknown" if self.cost_usd is None else f"{self.cost_usd:.4f} USD"
        return (
            f"; {usage.calls} model calls, {usage.prompt_tokens:,} tokens in{share}, "
            f"{usage.completion_tokens:,} out, {cost}"
        )


def _redaction(deployment: Deployment, use_case: str | None, rubric: Rubric) -> Redaction:
    """What is replaced before a judge sees a text, which a person is told.

    Raises:
        ConfigurationError: there is no such use case, or its text may not go to a judge of the rubric.
    """
    redaction = Redaction.of(deployment.defaults.redact)
    source = "defaults.redact"
    if use_case is not None:
        case = named_use_case(deployment, use_case)
        check_egress(case, rubric)
        redaction, source = redaction_of(deployment, use_case), f"use case {use_case}"
    if not redaction.is_empty:
        names = ", ".join((*redaction.kinds, *(pattern.name for pattern in redaction.patterns)))
        print_error(f"assay: judges see placeholders instead of: {names} ({source} of assay.yaml)")
    return redaction


@contextmanager
def _opened(out: Path | None, file: Path) -> Iterator[VerdictFile | None]:
    if out is None:
        yield None
        return
    if out.name.lower().endswith((*CSV_ENDINGS, *PARQUET_ENDINGS)):
        raise ConfigurationError(f"--out {out}: verdicts are JSON, one a line; name a file that ends in .jsonl")
    with open_verdicts(out, file) as verdicts:
        yield verdicts


def _shown_on_stdout(text: str) -> None:
    """An explanation, of which a terminal obeys nothing."""
    _to_stdout(visible(text))


def _to_stdout(text: str) -> None:
    """A line of JSON. A pipe is given every byte as it is, a terminal escapes for what it would obey."""
    shown = json_text(text, "utf-8") if sys.stdout.isatty() else text
    sys.stdout.buffer.write(shown.encode() + b"\n")
    sys.stdout.buffer.flush()
