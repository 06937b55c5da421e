"""The options that `assay golden run` and `assay gate` share, declared once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Annotated, get_type_hints

import typer

from assay.worker.cli.context import ConfigOption, JsonOption
from assay.worker.cli.golden.experiments import ExperimentOption
from assay.worker.cli.golden.report_files import HtmlOption, JunitOption, LinkOption, MarkdownOption, ReportFiles

OPTIONS = "options"

NameArgument = Annotated[str, typer.Argument(help="Golden set (a directory in golden_sets/).")]
FleetOption = Annotated[
    bool, typer.Option("--fleet", help="Let the workers of a running fleet judge (assay up, or ASSAY_REDIS_URL).")
]
ConcurrencyOption = Annotated[int, typer.Option("--concurrency", min=1, max=1000, help="Answers in flight.")]
RepeatsOption = Annotated[
    int | None, typer.Option("--repeats", min=1, max=20, help="Ask every item so often \\[default: manifest]")
]
ResumeOption = Annotated[
    str | None, typer.Option("--resume", metavar="RUN", help="Go on with an interrupted run; nothing is judged twice.")
]
TimeoutOption = Annotated[
    float | None, typer.Option("--timeout", min=0.001, help="Seconds for the whole run \\[default: manifest]")
]


@dataclass(frozen=True)
class RunOptions:
    """How a set is run, wherever its answers come from, and which reports are written. The fields are the options."""

    config: ConfigOption = None
    concurrency: ConcurrencyOption = 32
    repeats: RepeatsOption = None
    resume: ResumeOption = None
    timeout: TimeoutOption = None
    fleet: FleetOption = False
    as_json: JsonOption = False
    markdown: MarkdownOption = None
    junit: JunitOption = None
    html: HtmlOption = None
    html_link: LinkOption = None
    experiment: ExperimentOption = None

    @property
    def reports(self) -> ReportFiles:
        """The files to write beside what is printed."""
        return ReportFiles(self.markdown, self.junit, self.html, self.html_link)


def takes_run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command, which has a parameter `options: RunOptions`, these options instead of that parameter.

    Typer makes options of a function's parameters only; so the function it sees has one for each field.
    """

    @wraps(command)
    def called(**given: object) -> None:
        shared = {field.name: given.pop(field.name) for field in fields(RunOptions)}
        command(**given, options=RunOptions(**shared))  # type: ignore[arg-type]  # typer has checked them

    kinds = get_type_hints(command, include_extras=True)
    own = [
        parameter.replace(annotation=kinds[name])
        for name, parameter in inspect.signature(command).parameters.items()
        if name != OPTIONS
    ]
    shared_kinds = get_type_hints(RunOptions, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter(field.name, keyword, default=field.default, annotation=shared_kinds[field.name])
        for field in fields(RunOptions)
    ]
    parameters = [*own, *shared]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect looks at first
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return called
