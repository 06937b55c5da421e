"""What a backup says of itself: every file with its size and sha256, every database with its format and rows."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, ValidationError

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record

NAME = "manifest.json"
"""Its file, at the top of a backup."""

FORMAT = 1
"""Of the manifest. A backup with a higher one was taken by a newer Assay."""

DATA = "data"
"""The place of files in the data directory. Another place is a store's key in assay.yaml, e.g. `stores.archive`."""

MOST_BYTES = 50_000_000
"""Of a manifest. One of a hundred thousand files has about 20 MB."""


def _safe(path: str) -> str:
    """Refuse a path that leads out of the folder that it is put into."""
    parts = PurePosixPath(path).parts
    if (
        not parts
        or path.startswith("/")
        or ".." in parts
        or "\\" in path
        or "\0" in path
        or str(PurePosixPath(path)) != path
    ):
        raise ValueError("is no plain path within the backup")
    return path


InnerPath = Annotated[str, Field(min_length=1, max_length=4_000), AfterValidator(_safe)]
"""A path with slashes, relative to the top of the backup, e.g. `data/history.db`."""


class DatabaseFacts(Record):
    """What a SQLite database holds.

    Attributes:
        application_id: the number in its header that tells whose it is. 0: nobody said.
        user_version: the format of databases that count it there.
        revision: the record's migration, e.g. `v002`. None: it is no record.
        rows: how many rows each table has.
    """

    application_id: int
    user_version: int
    revision: str | None = None
    rows: dict[str, int] = Field(default_factory=dict)


class KeptFile(Record):
    """One file of a backup.

    Attributes:
        path: where it lies in the backup.
        place: `data`, or the key of the store in assay.yaml whose file it is.
        bytes: its size.
        sha256: of its content, in hexadecimal digits.
        database: what it holds where it is a SQLite database.
    """

    path: InnerPath
    place: str = Field(min_length=1, max_length=200)
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    database: DatabaseFacts | None = None


class Manifest(Record):
    """The whole.

    Attributes:
        format: of this manifest.
        assay: the version that took the backup.
        made_at: when its last file was copied.
        record: where the record was. Of `postgresql` the backup has nothing.
        broker: where Redis was. Of `server` the backup has nothing.
        files: what it holds.
    """

    format: int = FORMAT
    assay: str
    made_at: AwareDatetime
    record: Literal["file", "postgresql"]
    broker: Literal["embedded", "server"]
    files: tuple[KeptFile, ...]

    @property
    def bytes(self) -> int:
        """Size of all files together."""
        return sum(file.bytes for file in self.files)

    @property
    def databases(self) -> list[tuple[KeptFile, DatabaseFacts]]:
        """Its SQLite databases."""
        return [(file, file.database) for file in self.files if file.database is not None]


def assay_version() -> str:
    """Of this installation."""
    return version("assay-fleet")


def read_manifest(raw: bytes, shown: str) -> Manifest:
    """A manifest from its JSON.

    Args:
        raw: the file's content.
        shown: the backup's name in messages.

    Raises:
        ConfigurationError: it is damaged, or a newer Assay wrote it.
    """
    from json import JSONDecodeError, loads

    try:
        told = loads(raw)
        number = told.get("format") if isinstance(told, dict) else None
        if isinstance(number, int) and number > FORMAT:
            raise ConfigurationError(
                f"{shown}: {NAME}: was written by a newer Assay (format {number}, this one knows {FORMAT}); "
                "upgrade assay-fleet here too"
            )
        manifest = Manifest.model_validate_json(raw)
    except (JSONDecodeError, UnicodeDecodeError, ValidationError, RecursionError) as exc:
        raise ConfigurationError(f"{shown}: {NAME}: {_problem(exc)}; take another backup") from None
    if len({file.path for file in manifest.files}) != len(manifest.files):
        raise ConfigurationError(f"{shown}: {NAME}: names a file twice; take another backup")
    return manifest


def _problem(exc: Exception) -> str:
    if isinstance(exc, ValidationError):
        first = exc.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the whole'}: {first['msg']}"
    return "is damaged"
