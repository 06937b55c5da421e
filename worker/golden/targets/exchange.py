"""What was sent to a target and what came back, kept beside the run, without secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime, Field, JsonValue

from assay.judges.schema import Record
from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.records.private_files import open_private, private_directory

EXCHANGES = "exchanges.jsonl"
KEPT_CHARACTERS = 65_536
"""Of a longer reply only its beginning is kept; the answer itself stands in the run, whole."""

REMOVED = "[removed]"
SHORTEST_SECRET = 8
"""Characters; anything shorter would be found in harmless text, too."""


class Exchange(Record):
    """One answer asked for: the last request of `attempts`, and the reply or the reason why there is none.

    `received` holds at most 65,536 characters of the `received_characters` that came.
    """

    at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    target: str
    item: str
    attempts: int = 1
    sent: JsonValue = None
    status: int | None = None
    received: str | None = None
    received_characters: int | None = None
    latency_s: float | None = None
    failure: str | None = None


Keep = Callable[[Exchange], None]


def keep_nothing(exchange: Exchange) -> None:
    """For targets whose exchanges nobody asked to keep."""


class ExchangeLog:
    """A JSONL file of exchanges, begun with the first."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / EXCHANGES

    def keep(self, exchange: Exchange) -> None:
        """Add one.

        Raises:
            GoldenSetError: the file cannot be written.
        """
        try:
            private_directory(self._path.parent)
            with open_private(self._path, "a") as file:
                file.write(exchange.model_dump_json(exclude_none=True) + "\n")
        except OSError as exc:
            raise GoldenSetError(self._path, "file", f"cannot be written ({exc.strerror or exc})") from exc


def without(secrets: Sequence[str], text: str) -> str:
    """The text with every secret replaced, as a server that echoes its headers would show them."""
    for secret in secrets:
        text = text.replace(secret, REMOVED)
    return text
