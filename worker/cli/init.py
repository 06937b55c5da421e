"""`assay init`: the first `assay.yaml`, written from what the store holds."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import console
from assay.worker.config.deployment import CONFIG_FILE, Deployment, StoreConfig, UseCase
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings, load_settings
from assay.worker.ports.clock import SystemClock
from assay.worker.ports.store_errors import StoreError
from assay.worker.setup.init import Beginning, first_config, plan_of, store_kind, write_first_config
from assay.worker.setup.traffic import look
from assay.worker.wiring.stores import open_deployment_store

LOOK_S = 60.0


def init(
    directory: Annotated[Path | None, typer.Argument(help="Where to write \\[default: here]")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write an existing assay.yaml anew.")] = False,
) -> None:
    """Write a commented assay.yaml for the store whose keys are set. Asks nothing and changes nothing else.

    With LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY it looks at the project's recent traces and makes a use case of
    each application it finds there; without them it is the embedded store.
    """
    settings = load_settings()
    home = (directory or Path()).absolute()
    if (home / CONFIG_FILE).exists() and not force:
        raise ConfigurationError(f"{home / CONFIG_FILE}: file: exists already; edit it, or write it anew with --force")
    beginning = asyncio.run(_look(settings, home))
    path = write_first_config(home, first_config(beginning, settings), force=force)
    _say(path, beginning)


async def _look(settings: Settings, home: Path) -> Beginning:
    kind = store_kind(settings)
    plan = plan_of(settings)
    deployment = Deployment(store=StoreConfig(kind=kind, plan=plan), use_cases=(UseCase(name="everything"),))
    beginning = Beginning(kind=kind, plan=plan)
    root = ConfigRoot(path=home)
    if kind == "sqlite" and not (root.data_dir(settings) / "traces.db").exists():
        return beginning
    store = open_deployment_store(root, deployment, settings)
    try:
        async with asyncio.timeout(LOOK_S):
            traffic = await look(store, deployment, SystemClock().now())
            is_migrating = kind == "langfuse" and await _is_migrating(store)
        return beginning.model_copy(update={"traffic": traffic, "is_migrating": is_migrating})
    except (StoreError, ConfigurationError) as exc:
        return beginning.model_copy(update={"why": str(exc)})
    except TimeoutError:
        return beginning.model_copy(update={"why": f"no answer within {LOOK_S:.0f} s"})
    finally:
        await store.close()


async def _is_migrating(store: object) -> bool:
    from assay.worker.stores.langfuse import LangfuseStore
    from assay.worker.stores.langfuse.examine import is_migrating

    return isinstance(store, LangfuseStore) and await is_migrating(store)


def _say(path: Path, beginning: Beginning) -> None:
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
    where = "" if path.parent == Path.cwd() else f" -c {path.parent}"
    steps = {
        "doctor": "is everything there that it needs?",
        "up": "broker, workers, beat: scores appear on the traces",
        "status": "what became of every trace",
    }
    console.print("next:")
    for command, what in steps.items():
        console.print(f"  assay {command}{where}  # {what}", highlight=False, markup=False, soft_wrap=True)
