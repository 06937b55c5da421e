"""What commands share: the common options, and a runtime for the length of one command.

It is imported by every command, so it imports the fleet's parts where they are used.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import BaseModel, SecretStr
from rich.console import Console
from rich.segment import Segment

from assay.worker.cli.narrow_tables import fitting
from assay.worker.cli.streams import print_to, stop_writing
from assay.worker.config.root import ConfigRoot, find_root
from assay.worker.config.settings import Settings, load_settings
from assay.worker.reporting.terminal.text import json_text
from assay.worker.reporting.terminal.visible import visible

if TYPE_CHECKING:
    from assay.worker.records.messages import AssessMessage, RecordMessage
    from assay.worker.wiring.runtime import Runtime

T = TypeVar("T")

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="Directory of assay.yaml \\[default: ASSAY_CONFIG_DIR, else the current directory if it has an "
        "assay.yaml, else the packaged defaults]",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print data instead of tables.")]
TraceArgument = Annotated[str, typer.Argument(help="Trace id.")]
DaysOption = Annotated[int, typer.Option("--days", min=1, max=365, help="How many UTC days back, today included.")]


class PatientConsole(Console):
    """A console whose reader may leave: what nobody reads goes nowhere, and the command ends as it would have.

    A table that is too wide for it is printed as lines. No text in it can drive a terminal, whoever wrote it: this is
    the one way to the terminal of everything that rich lays out.
    """

    def render(self, renderable: Any, options: Any = None) -> Iterator[Segment]:
        """Lay out as rich does, and write characters that a terminal would obey by their numbers."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does, tables so that they can be read."""
        super().print(*(fitting(thing, self) for thing in objects), **options)

    def on_broken_pipe(self) -> None:
        """Write nothing more."""
        self.quiet = True
        stop_writing(self.file)


console = PatientConsole()
stderr = PatientConsole(stderr=True)


def settings_and_root(config: Path | None) -> tuple[Settings, ConfigRoot]:
    """Settings and config root of this command.

    Raises:
        ConfigurationError
    """
    settings = load_settings()
    return settings, find_root(config, settings)


def with_runtime(config: Path | None, work: Callable[[Runtime], Awaitable[T]]) -> T:
    """Run `work` with the deployment's runtime. Where no broker runs, one is started for this command."""
    from assay.worker.launch.fleet import running_broker
    from assay.worker.wiring.runtime import Runtime

    settings, root = settings_and_root(config)
    with running_broker(settings, root) as broker:
        for_celery = settings.model_copy(update={"redis_url": SecretStr(broker.url)})

        async def publish(messages: Sequence[AssessMessage | RecordMessage]) -> None:
            # Celery takes a while to import, and most commands publish nothing.
            from assay.worker.fleet import app

            app.use_settings(for_celery)
            await app.publish(messages)

        async def run() -> T:
            runtime = Runtime(for_celery, root, redis_url=broker.url, publish=publish)
            try:
                await runtime.synchronise_clock()
                return await work(runtime)
            finally:
                await runtime.close()

        return asyncio.run(run())


def last_days(now: datetime, days: int) -> tuple[date, date]:
    """The first and the last of so many UTC days, the last being today's."""
    today = now.date()
    return today - timedelta(days=days - 1), today


def print_data(text: str) -> None:
    """Print JSON on stdout, with escapes for what a terminal would obey or cannot show. Nothing of it is lost."""
    print_to(sys.stdout, json_text(text, getattr(sys.stdout, "encoding", None)))


def print_json(value: BaseModel | Sequence[BaseModel] | dict[str, Any]) -> None:
    """Print data as JSON on stdout."""
    if isinstance(value, BaseModel):
        print_data(value.model_dump_json(indent=2))
    elif not isinstance(value, dict):
        print_data(json.dumps([item.model_dump(mode="json") for item in value], indent=2, ensure_ascii=False))
    else:
        print_data(json.dumps(value, indent=2, ensure_ascii=False))
