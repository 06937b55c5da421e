"""Which files a deployment has, and which of its state lies elsewhere."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.wiring.stores import StoreOpener

_SECRET_OPTIONS = ("password=", "sslpassword=")


@dataclass(frozen=True)
class DeploymentFiles:
    """Where a deployment's files are.

    Attributes:
        data_dir: its data directory.
        stores: files of embedded stores that lie elsewhere, by their keys in assay.yaml.
        record: whether the record is a file there.
        broker: whether the broker is the one that keeps its files there.
    """

    data_dir: Path
    stores: Mapping[str, Path]
    record: Literal["file", "postgresql"]
    broker: Literal["embedded", "server"]


def files_of(root: ConfigRoot, settings: Settings, data_dir: Path) -> DeploymentFiles:
    """Where the files of a deployment are. Nothing is opened.

    Raises:
        ConfigurationError: assay.yaml is wrong.
    """
    return DeploymentFiles(
        data_dir=data_dir,
        stores=dict(_stores_elsewhere(root, settings, data_dir)),
        record="file" if settings.database_url is None else "postgresql",
        broker="embedded" if settings.redis_url is None else "server",
    )


def _stores_elsewhere(root: ConfigRoot, settings: Settings, data_dir: Path) -> Iterator[tuple[str, Path]]:
    deployment = root.deployment()
    opener = StoreOpener(root, deployment, settings)
    for place in deployment.places:
        path = getattr(opener.open(place), "path", None) if place.factory.is_embedded else None
        if isinstance(path, Path) and not _lies_in(path.absolute(), data_dir):
            yield place.key, path.absolute()


def _lies_in(path: Path, data_dir: Path) -> bool:
    """Whether a name lies in the data directory, also where it is a link to another disk, or behind one."""
    home = data_dir.resolve()
    return path.resolve().is_relative_to(home) or any(parent.resolve() == home for parent in path.parents)


def pg_dump_line(url: SecretStr) -> str:
    """The command that backs up a record on PostgreSQL. The password is not in it: pg_dump asks for it.

    Args:
        url: as of ASSAY_DATABASE_URL, which was checked.
    """
    where = shlex.quote(address_without_password(url))
    return f"pg_dump --format=custom --table=history --table='history_*' --file=assay-record.dump --dbname={where}"


def pg_restore_line(url: SecretStr) -> str:
    """The command that restores it, once no control worker runs."""
    where = shlex.quote(address_without_password(url))
    return f"pg_restore --clean --if-exists --single-transaction --dbname={where} assay-record.dump"


def address_without_password(url: SecretStr) -> str:
    """The address as PostgreSQL's own programs take it, without anything secret."""
    behind_scheme = url.get_secret_value().strip().partition("://")[2]
    login, at, place = behind_scheme.rpartition("@")
    place, mark, options = place.partition("?")
    kept = "&".join(part for part in options.split("&") if not part.lower().startswith(_SECRET_OPTIONS))
    user = login.partition(":")[0]
    return f"postgresql://{user}{at if user else ''}{place}{mark if kept else ''}{kept}"
