"""`assay restore`: a backup in the place of a deployment's files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.backup import contents_lines, copying
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root
from assay.worker.cli.streams import print_error
from assay.worker.config.interrupted_restore import InterruptedRestore

_PAGE = "docs/how-to/back-up-and-restore.md"

if TYPE_CHECKING:
    from assay.worker.backup.restoring import Restored
    from assay.worker.config.root import ConfigRoot
    from assay.worker.config.settings import Settings


def restore(
    source: Annotated[
        Path | None, typer.Argument(metavar="FROM", help="A folder or archive of `assay backup`.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is in the data directory.")] = False,
    finish: Annotated[bool, typer.Option("--finish", help="End a restore that was killed half way.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a backup in place, after its manifest and every sha256 were checked. Nothing may run meanwhile.

    All of it is put in place, or nothing: a restore that is killed half way is ended by --finish, which removes what
    was unpacked where nothing was changed yet.
    """
    settings, root = settings_and_root(config)
    if finish:
        _finish(settings, root, source)
        return
    if source is None:
        raise ConfigurationError("FROM: name a folder or archive of `assay backup`")
    restored = _restore(settings, root, source, force)
    if as_json:
        print_json(restored)
    else:
        console.print("\n".join(_lines(source, restored)), highlight=False, markup=False, soft_wrap=True)
    _tell_rest(settings, restored)
    print_error("start the fleet, then look at it: assay doctor")


def _restore(settings: Settings, root: ConfigRoot, source: Path, force: bool) -> Restored:
    from assay.worker.backup.deployment_files import files_of
    from assay.worker.backup.formats import known_formats
    from assay.worker.backup.restoring import check_not_pending, discard_unpacked, restore_backup

    data_dir = _data_dir(settings, root)
    check_not_pending(data_dir)
    discard_unpacked(data_dir)  # of a restore that was killed
    files = files_of(root, settings, data_dir)
    with copying("restoring") as advance:
        return restore_backup(
            files,
            source,
            known_formats(settings, root),
            force=force,
            progress=advance,
            check_more=_living(settings) if force else lambda: None,  # in an empty place nobody works
        )


def _living(settings: Settings) -> Callable[[], None]:
    """Asks Redis who lives, where there is one, and says once where it cannot be asked."""
    from assay.worker.backup.living import check_nobody_lives

    told: list[str] = []

    def check() -> None:
        if settings.redis_url is not None and not check_nobody_lives(settings) and not told:
            told.append("Redis does not answer, so nobody sees whether beat or a worker runs: they must be stopped")
            print_error(told[0])

    return check


def _finish(settings: Settings, root: ConfigRoot, source: Path | None) -> None:
    from assay.worker.backup.restoring import discard_unpacked, finish_restore

    if source is not None:
        raise ConfigurationError("--finish: takes no FROM: what is to be put in place lies in the data directory")
    data_dir = _data_dir(settings, root)
    if finish_restore(data_dir):
        words = "the restore is complete"
    elif discard_unpacked(data_dir):
        words = "what a killed restore unpacked is removed; the old state is as it was"
    else:
        words = "no restore waits for its end"
    console.print(f"{data_dir}: {words}", highlight=False, markup=False, soft_wrap=True)


def _data_dir(settings: Settings, root: ConfigRoot) -> Path:
    """The data directory, also where nobody else may work on it."""
    try:
        return root.data_dir(settings)
    except InterruptedRestore as exc:
        return exc.data_dir


def _lines(source: Path, restored: Restored) -> Iterator[str]:
    yield f"{source}, taken at {restored.manifest.made_at:%Y-%m-%d %H:%M} UTC, is in place"
    yield from contents_lines(restored.manifest)
    if restored.replaced:
        yield f"replaced: {', '.join(restored.replaced)}"
    for name, led_to in restored.links.items():
        yield f"replaced a link: {name}, which led to {led_to}; what lies there is left as it is"


def _tell_rest(settings: Settings, restored: Restored) -> None:
    from assay.worker.backup.deployment_files import pg_restore_line

    if settings.database_url is not None:
        print_error(f"the record is on PostgreSQL; restore it by: {pg_restore_line(settings.database_url)}")
    elif restored.manifest.record == "postgresql":
        print_error("the record was on PostgreSQL, and this backup has none; set ASSAY_DATABASE_URL")
    if settings.redis_url is not None and restored.manifest.broker == "embedded":
        print_error(
            "the backup has the files of an embedded broker, and ASSAY_REDIS_URL names a server, which does not read "
            f"them: queue, money of today and mutes of then are not in force; {_PAGE} says what follows"
        )
    elif settings.redis_url is not None:
        print_error(f"Redis is a server; where it was lost, restore its own copy: {_PAGE}")
    elif restored.manifest.broker == "server":
        print_error(
            "Redis was a server, and this backup has nothing of it; set ASSAY_REDIS_URL, or begin with an empty one: "
            f"{_PAGE} says what follows"
        )
