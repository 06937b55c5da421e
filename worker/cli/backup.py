"""`assay backup`: a copy of a deployment's files, taken while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from assay.worker.cli.context import ConfigOption, JsonOption, PatientConsole, console, print_json, settings_and_root
from assay.worker.cli.streams import print_error

if TYPE_CHECKING:
    from assay.worker.backup.manifest import Manifest
    from assay.worker.config.settings import Settings

MEGABYTE = 1_000_000

_PAGE = "docs/how-to/back-up-and-restore.md"


def backup(
    to: Annotated[Path, typer.Option("--to", help="A new folder, or a new archive: a name in .tar, .tar.gz or .tgz.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the data directory while the fleet runs: record, embedded store, golden runs, the embedded broker's files.

    Each SQLite database is copied as of one moment. A manifest names every file with its sha256. Redis and PostgreSQL
    servers are not copied: it says which lines do that.
    """
    from assay.worker.backup.deployment_files import files_of
    from assay.worker.backup.taking import take_backup
    from assay.worker.wiring.history import open_record

    settings, root = settings_and_root(config)
    open_record(settings, root)  # an address that cannot be one is refused before any part of it is printed
    files = files_of(root, settings, root.data_dir(settings))
    with copying("copying") as advance:
        manifest = take_backup(files, to, advance)
    if as_json:
        print_json({"to": str(to), **manifest.model_dump(mode="json")})
    else:
        console.print("\n".join([str(to), *contents_lines(manifest)]), highlight=False, markup=False, soft_wrap=True)
    for line in _left_out(settings, manifest):
        print_error(line)


@contextmanager
def copying(word: str) -> Iterator[Callable[[int], None]]:
    """A line on stderr with the bytes so far, where that is a terminal."""
    shown = PatientConsole(stderr=True)
    columns = (TextColumn(word), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal) as bars:
        task = bars.add_task(word, total=None)
        yield lambda count: bars.advance(task, count)


def contents_lines(manifest: Manifest) -> Iterator[str]:
    """What a backup holds: a line of all, and a line for each database."""
    yield f"{len(manifest.files):,} files, {manifest.bytes / MEGABYTE:,.1f} MB"
    for file, facts in manifest.databases:
        rows = ", ".join(f"{count:,} {table}" for table, count in facts.rows.items() if count > 1)
        yield f"  {file.path}, format {facts.revision or facts.user_version}: {rows or 'no rows'}"


def _left_out(settings: Settings, manifest: Manifest) -> Iterator[str]:
    """What this backup does not hold, and what copies it."""
    from assay.worker.backup.deployment_files import pg_dump_line

    if settings.database_url is not None:
        line = pg_dump_line(settings.database_url)
        yield f"not in it: the record, which is on PostgreSQL (with Compose: {_PAGE}); after this, run: {line}"
    if manifest.broker == "server":
        yield f"not in it: Redis, which has to be copied before this: {_PAGE}"
    yield "not in it: assay.yaml, rubrics, golden sets and calibrations: keep them in version control"
