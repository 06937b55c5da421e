"""`assay restore`: a backup in the place of a deployment's files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.backup import contents_lines, copying
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root
from assay.worker.cli.streams import print_error
from assay.worker.config.interrupted_restore import InterruptedRestore

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

    All of it is put in place, or nothing: a restore that is killed half way is ended by --finish.
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


def _restore(settings: Settings, root: ConfigRoot, source: Path, force: bool) -> Restored:
    from assay.worker.backup.deployment_files import files_of
    from assay.worker.backup.formats import known_formats
    from assay.worker.backup.restoring import check_not_pending, restore_backup

    data_dir = _data_dir(settings, root)
    check_not_pending(data_dir)
    files = files_of(root, settings, data_dir)
    with copying("restoring") as advance:
        return restore_backup(files, source, known_formats(settings, root), force=force, progress=advance)


def _finish(settings: Settings, root: ConfigRoot, source: Path | None) -> None:
    from assay.worker.backup.restoring import finish_restore

    if source is not None:
        raise ConfigurationError("--finish: takes no FROM: what is to be put in place lies in the data directory")
    data_dir = _data_dir(settings, root)
    ended = finish_restore(data_dir)
    console.print(
        f"{data_dir}: {'the restore is complete' if ended else 'no restore waits for its end'}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


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


def _tell_rest(settings: Settings, restored: Restored) -> None:
    from assay.worker.backup.deployment_files import pg_restore_line

    if settings.database_url is not None:
        print_error(f"the record is on PostgreSQL; restore it by: {pg_restore_line(settings.database_url)}")
    elif restored.manifest.record == "postgresql":
        print_error("the record was on PostgreSQL, and this backup has none; set ASSAY_DATABASE_URL")
    print_error("start the fleet, then look at it: assay doctor")
