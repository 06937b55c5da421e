"""`assay init`: the first `assay.yaml`, written from what the store holds."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path
from typing import Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import console
from assay.worker.config.deployment import CONFIG_FILE, Deployment
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings, load_settings, read_variables
from assay.worker.ports.capabilities import WithTraceImport, WithTrafficHints
from assay.worker.ports.clock import SystemClock
from assay.worker.ports.store_errors import StoreError
from assay.worker.setup.init import Beginning, chosen_store, first_config, key_names, write_first_config
from assay.worker.setup.traffic import look
from assay.worker.stores.registry import factory_of
from assay.worker.wiring.stores import store_context

LOOK_S = 60.0
ConfigHome = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The same as DIRECTORY, named as the other commands have it."),
]


def init(
    directory: Annotated[
        Path | None, typer.Argument(help="Where to write \\[default: ASSAY_CONFIG_DIR, else the current directory]")
    ] = None,
    config: ConfigHome = None,
    force: Annotated[bool, typer.Option("--force", help="Write an existing assay.yaml anew.")] = False,
) -> None:
    """Write a commented assay.yaml for the store whose keys are set. Asks nothing and changes nothing else."""
    settings = load_settings()
    home = _home(directory, config, settings)
    if (home / CONFIG_FILE).exists() and not force:
        raise ConfigurationError(f"{home / CONFIG_FILE}: file: exists already; edit it, or write it anew with --force")
    beginning = asyncio.run(_look(settings, home))
    path = write_first_config(home, first_config(beginning, settings), force=force)
    _say(path, beginning, settings)


# Every store's keys are named by its own folder.
init.__doc__ = f"""{init.__doc__}

With {key_names()} it looks at the project's recent traces and makes a use case of
each application it finds there; without them it is the embedded store.
"""


def _home(directory: Path | None, config: Path | None, settings: Settings) -> Path:
    """The directory to write to, which the other commands then find in the same way.

    Raises:
        ConfigurationError: two different ones are named.
    """
    if directory is not None and config is not None and directory.absolute() != config.absolute():
        raise ConfigurationError(f"assay init: names two directories, {directory} and --config {config}; name only one")
    return (directory or config or settings.config_dir or Path()).absolute()


def _way_there(home: Path, settings: Settings) -> str:
    """What the next commands must be told to find the directory; nothing where they find it by themselves."""
    usual = settings.config_dir or Path()
    return "" if home == usual.absolute() else f" -c {shlex.quote(str(home))}"


async def _look(settings: Settings, home: Path) -> Beginning:
    factory = chosen_store()
    variables = read_variables(factory.variables)
    section = factory.first_section(variables)
    beginning = Beginning(kind=factory.kind, section=section)
    root = ConfigRoot(path=home)
    deployment = Deployment.model_validate({"store": {"kind": factory.kind}, "use_cases": [{"name": "everything"}]})
    context = store_context(root, deployment, settings)
    if not factory.may_hold_traces(section, context):
        return beginning
    store = factory.open(section, variables, context)
    try:
        async with asyncio.timeout(LOOK_S):
            traffic = await look(store, deployment, SystemClock().now())
            why_late = await store.why_late() if isinstance(store, WithTrafficHints) else ""
        return beginning.model_copy(update={"traffic": traffic, "why_late": why_late})
    except (StoreError, ConfigurationError) as exc:
        return beginning.model_copy(update={"why": str(exc)})
    except TimeoutError:
        return beginning.model_copy(update={"why": f"no answer within {LOOK_S:.0f} s"})
    finally:
        await store.close()


def _say(path: Path, beginning: Beginning, settings: Settings) -> None:
    console.print(f"wrote {path}", highlight=False, markup=False, soft_wrap=True)
    traffic = beginning.traffic
    if beginning.why:
        console.print(f"the store could not be looked at: {beginning.why}", highlight=False, markup=False)
    elif traffic.streams:
        console.print(
            f"seen: {traffic.traces:,} traces of {len({s.name for s in traffic.streams})} names, about "
            f"{traffic.per_day(traffic.traces):,} a day",
            highlight=False,
        )
    else:
        console.print("seen: no traces yet")
    where = _way_there(path.parent, settings)
    takes_files = WithTraceImport in factory_of(beginning.kind).capabilities
    steps = {
        **({"import FILE": "traces into the store, one JSON object a line"} if takes_files else {}),
        "doctor": "is everything there that it needs, and can the traces be judged?",
        "up": "broker, workers, beat: scores appear on the traces",
        "status": "what became of every trace",
    }
    console.print("next:")
    for command, what in steps.items():
        name, _, argument = command.partition(" ")
        call = " ".join(filter(None, (f"assay {name}{where}", argument)))
        console.print(f"  {call}  # {what}", highlight=False, markup=False, soft_wrap=True)
