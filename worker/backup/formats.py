"""Which formats of databases this version knows, so that a newer one is refused before it is put in place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from assay.judges.errors import ConfigurationError
from assay.worker.backup.manifest import DatabaseFacts, Manifest
from assay.worker.backup.sqlite_copy import facts_of, is_database
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.ports.store import StoreContext
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.registry import embedded_factory
from assay.worker.wiring.history import open_record


def known_formats(settings: Settings, root: ConfigRoot) -> list[DatabaseFacts]:
    """What this version's own databases look like. It makes empty ones: nobody else need know their formats.

    Raises:
        EvaluationError, OSError
    """
    with TemporaryDirectory(prefix="assay-formats-") as folder:
        place = Path(folder)
        asyncio.run(_make_empty(settings, root, place))
        return [facts_of(path) for path in sorted(place.iterdir()) if path.is_file() and is_database(path)]


async def _make_empty(settings: Settings, root: ConfigRoot, place: Path) -> None:
    """A record and an embedded store without rows."""
    record = open_record(settings.model_copy(update={"data_dir": place, "database_url": None}), root)
    try:
        await record.writer.identity()
    finally:
        await record.close()
    factory = embedded_factory()
    context = StoreContext(home=place, data_dir=place, limits=MemoryLimits(), embedded_kind=factory.kind)
    store = factory.open(factory.section(), factory.variables(), context)
    try:
        await store.project_id()
    finally:
        await store.close()


def check_formats(manifest: Manifest, known: Iterable[DatabaseFacts], shown: str) -> None:
    """Refuse a backup with a database that a newer Assay has written. An older one is brought up to date at first use.

    Raises:
        ConfigurationError
    """
    ours = list(known)
    for file, facts in manifest.databases:
        for own in ours:
            if _is_newer(facts, own):
                raise ConfigurationError(
                    f"{shown}: {file.path}: was written by a newer Assay ({_format(facts)}, this one knows "
                    f"{_format(own)}; the backup is of assay {manifest.assay}); upgrade assay-fleet here first"
                )


def _is_newer(facts: DatabaseFacts, own: DatabaseFacts) -> bool:
    """Whether it is the same kind of database in a later format. Migrations are numbered, as `v002`."""
    if own.revision is not None:
        return facts.revision is not None and facts.revision > own.revision
    return (
        bool(own.application_id)
        and facts.application_id == own.application_id
        and (facts.user_version > own.user_version)
    )


def _format(facts: DatabaseFacts) -> str:
    return f"format {facts.revision or facts.user_version}"
