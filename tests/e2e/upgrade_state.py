"""What a fleet of an earlier version left in the middle of its work, brought to today: Redis, files and databases.

All moments are moved by whole days, so that days, windows and what is counted by them stay together. The recorded fleet
has then been away for less than a day. `benchmarks/rolling_upgrade_record.py` records.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import shutil
import sqlite3
import struct
import zlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import redis

from benchmarks.rolling_upgrade_dump import raw

FIXTURES = Path(__file__).parents[1] / "fixtures" / "upgrade"

_MOMENT = re.compile(r"(?P<day>\b20\d\d-\d\d-\d\d)|X'(?P<blob>[0-9A-Fa-f]*)'|(?<![\w.])(?P<number>\d{10,19})(?!\w)")
"""A day, bytes in SQL, or a number that may be a Unix time: `2026-11-30`, `X'00ff'`, `1796054909`."""

_BODY = re.compile(r'(?<="body": ")[A-Za-z0-9+/=]+(?=")')
"""The content of a Celery message, as base64 in its JSON: `"body": "W1tdXQ=="`."""

_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)
"""Seconds, milliseconds, microseconds, nanoseconds."""

_NEAR = timedelta(days=100)
"""A number is a moment where it lies so close to that of the recording."""

AWAY_MS = 300_000
"""So long the fleet has been away at least, in milliseconds: locks of the killed beat and worker are gone."""

_JUDGE = "127.0.0.1:9"
"""Where the recorded judge was."""


@dataclass(frozen=True)
class Recorded:
    """One recording."""

    folder: Path

    @property
    def header(self) -> dict[str, Any]:
        """Of which revision it is, and what was promised."""
        return self._json("header.json")

    @property
    def schemas(self) -> dict[str, Any]:
        """What that version reads from Redis, as JSON schemas by the record's name."""
        return self._json("schemas.json")

    @property
    def days(self) -> int:
        """By how many days everything is moved."""
        return (datetime.now(UTC) - self._recorded_at) // timedelta(days=1)

    def place(self, home: Path, port: int, judge: str) -> None:
        """Write its files, and its keys into an empty server; `judge` is host and port of the judge of today."""
        shutil.copytree(self.folder / "deployment", home)
        (home / "data").rename(home / ".assay")
        self.place_databases(home / ".assay")
        keys = self._unpacked("redis.jsonl.gz").replace(_JUDGE, judge)
        with redis.Redis(port=port) as client:
            for key in map(json.loads, keys.splitlines()):
                if not 0 <= key["ttl_ms"] < AWAY_MS:
                    self._set(client, key)

    def place_databases(self, folder: Path) -> None:
        """Write the record and the embedded store, in the formats that they had."""
        for name in ("history", "traces"):
            with closing(sqlite3.connect(folder / f"{name}.db", isolation_level=None)) as connection:
                connection.executescript(self._moved(self._unpacked(f"{name}.sql.gz")))

    def _set(self, client: redis.Redis, key: dict[str, Any]) -> None:
        name, value = self._bytes(key["key"]), key["value"]
        match key["type"]:
            case "string":
                client.set(name, self._bytes(value))
            case "list":
                client.rpush(name, *map(self._bytes, value))
            case "set":
                client.sadd(name, *map(self._bytes, value))
            case "zset":
                client.zadd(name, {self._bytes(member): self._score(score) for member, score in value})
            case "hash":
                client.hset(name, mapping={self._bytes(field): self._bytes(each) for field, each in value})
        if key["ttl_ms"] > 0:
            client.pexpire(name, key["ttl_ms"])

    def _bytes(self, value: Any) -> bytes:
        """What was recorded, with its moments moved, also inside of what is compressed."""
        content = raw(value)
        try:
            return self._moved(content.decode()).encode()
        except UnicodeDecodeError:
            pass
        try:
            return zlib.compress(self._moved(zlib.decompress(content).decode()).encode())
        except (zlib.error, UnicodeDecodeError):
            return content

    def _moved(self, content: str) -> str:
        return _MOMENT.sub(self._later, _BODY.sub(self._later_body, content))

    def _later_body(self, match: re.Match[str]) -> str:
        try:
            body = base64.b64decode(match.group(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return match.group()
        return base64.b64encode(self._moved(body).encode()).decode()

    def _later(self, match: re.Match[str]) -> str:
        if day := match["day"]:
            return (date.fromisoformat(day) + timedelta(days=self.days)).isoformat()
        if match["blob"] is not None:
            return f"X'{self._later_blob(bytes.fromhex(match['blob'])).hex()}'"
        return str(self._later_number(int(match["number"])))

    def _later_blob(self, blob: bytes) -> bytes:
        """A packed value of the record: its moments are among its whole numbers."""
        whole = len(blob) // 8 * 8
        numbers: Sequence[int] = struct.unpack(f"<{whole // 8}q", blob[:whole])
        return struct.pack(f"<{len(numbers)}q", *map(self._later_number, numbers)) + blob[whole:]

    def _later_number(self, number: int) -> int:
        for unit in _UNITS:
            if abs(number / unit - self._recorded_at.timestamp()) < _NEAR.total_seconds():
                return number + self.days * 86_400 * unit
        return number

    def _score(self, score: float) -> float:
        is_moment = abs(score - self._recorded_at.timestamp()) < _NEAR.total_seconds()
        return score + self.days * 86_400 if is_moment else score

    @property
    def _recorded_at(self) -> datetime:
        return datetime.fromisoformat(self.header["recorded_at"])

    def _unpacked(self, name: str) -> str:
        return gzip.decompress((self.folder / name).read_bytes()).decode()

    def _json(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / name).read_text())
        return content


def recordings() -> list[Recorded]:
    """All of them, by their revision."""
    return [Recorded(file.parent) for file in sorted(FIXTURES.glob("*/header.json"))]
