"""`assay init`: the first `assay.yaml`, written from what the environment has keys for and what the stores hold."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
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
from assay.worker.setup.first_stores import FirstSection
from assay.worker.setup.found_stores import AnySink, AnyStore, FoundStores, found_stores, named_stores, where_found
from assay.worker.setup.init import Beginning, first_config, write_first_config
from assay.worker.setup.traffic import look
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
    store: Annotated[
        list[str] | None,
        typer.Option("--store", metavar="KIND", help="This store alone, whatever keys are set; may be repeated."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write an existing assay.yaml anew.")] = False,
) -> None:
    """Write a commented assay.yaml for the store whose keys are set. Asks nothing and changes nothing else.

    It looks which trace stores the environment has keys for, then at their recent traces, and makes a use case of
    each application it finds there. Where keys of several stores are set, it lists them all, or those that --store
    names. Places that only take scores get copies. Without any keys it is the embedded store. Which variables each
    store has: docs/how-to/connect-a-store.md.
    """
    settings = load_settings()
    home = _home(directory, config, settings)
    if (home / CONFIG_FILE).exists() and not force:
        raise ConfigurationError(f"{home / CONFIG_FILE}: file: exists already; edit it, or write it anew with --force")
    chosen = named_stores(store) if store else found_stores()
    stores = asyncio.run(_look_at_all(chosen.stores, settings, home))
    sinks = [_sink(factory) for factory in chosen.sinks]
    text = first_config(stores, settings, sinks, is_named=chosen.is_named)
    path = write_first_config(home, text, force=force)
    _say_found(chosen)
    _print(f"wrote {path}")
    for beginning in stores:
        _say_seen(beginning, is_alone=len(stores) == 1)
    _say_next(_way_there(path.parent, settings), chosen)


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


async def _look_at_all(stores: Sequence[AnyStore], settings: Settings, home: Path) -> list[Beginning]:
    return list(await asyncio.gather(*(_look(factory, settings, home) for factory in stores)))


def _sink(factory: AnySink) -> FirstSection:
    return FirstSection(kind=factory.kind, section=factory.first_section(read_variables(factory.variables)))


async def _look(factory: AnyStore, settings: Settings, home: Path) -> Beginning:
    variables = read_variables(factory.variables)
    section = factory.first_section(variables)
    beginning = Beginning(kind=factory.kind, section=section)
    root = ConfigRoot(path=home)
    deployment = Deployment.model_validate({"store": {"kind": factory.kind}, "use_cases": [{"name": "everything"}]})
    context = store_context(root, deployment, settings)
    if not factory.may_hold_traces(section, context):
        return beginning
    try:
        store = factory.open(section, variables, context)
    except ConfigurationError as exc:
        return beginning.model_copy(update={"why": str(exc)})
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


def _say_found(chosen: FoundStores) -> None:
    if chosen.is_named:
        return
    places = [where_found(factory) for factory in (*chosen.stores, *chosen.sinks) if not factory.is_embedded]
    _print(f"keys found: {', '.join(places)}" if places else "no keys of a trace store found: the embedded store")
    for why in chosen.incomplete:
        _print(f"left out: {why}")
    if len(chosen.stores) > 1:
        kinds = ", ".join(factory.kind for factory in chosen.stores)
        _print(f"all of them are listed; for one alone ({kinds}): assay init --force --store KIND")


def _say_seen(beginning: Beginning, *, is_alone: bool) -> None:
    traffic = beginning.traffic
    where = "" if is_alone else f"{beginning.kind}: "
    if beginning.why:
        _print(f"{where or 'the store '}could not be looked at: {beginning.why}")
    elif traffic.streams:
        _print(
            f"{where}seen: {traffic.traces:,} traces of {len({s.name for s in traffic.streams})} names, about "
            f"{traffic.per_day(traffic.traces):,} a day"
        )
    else:
        _print(f"{where}seen: no traces yet")


def _say_next(where: str, chosen: FoundStores) -> None:
    takes_files = any(WithTraceImport in factory.capabilities for factory in chosen.stores)
    steps = {
        **({"import FILE": "traces into the store, one JSON object a line"} if takes_files else {}),
        "doctor": "is everything there that it needs, and can the traces be judged?",
        "up": "broker, workers, beat: scores appear on the traces",
        "status": "what became of every trace",
    }
    _print("next:")
    for command, what in steps.items():
        name, _, argument = command.partition(" ")
        call = " ".join(filter(None, (f"assay {name}{where}", argument)))
        _print(f"  {call}  # {what}")


def _print(line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)
