"""Redis and SQLite as text: typed keys as lines of JSON, databases as SQL."""

from __future__ import annotations

import base64
import gzip
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

Text = str | Mapping[str, str]
"""A value of Redis: text, or `{"b64": …}` where its bytes are no text."""


@dataclass(frozen=True)
class KeysOf:
    """A server whose keys are read."""

    client: redis.Redis

    def __iter__(self) -> Iterator[bytes]:
        keys: Any = self.client.scan_iter("*", count=1000)
        return iter(sorted(keys))

    def value(self, key: bytes, kind: str) -> Any:
        """The value of a key, by its type."""
        client: Any = self.client
        match kind:
            case "string":
                return text(client.get(key))
            case "list":
                return [text(each) for each in client.lrange(key, 0, -1)]
            case "set":
                return sorted((text(each) for each in client.smembers(key)), key=str)
            case "zset":
                return [[text(each), score] for each, score in client.zrange(key, 0, -1, withscores=True)]
            case "hash":
                return [[text(name), text(each)] for name, each in sorted(client.hgetall(key).items())]
            case _:
                raise ValueError(f"{key!r}: a {kind} is not known here; write its reading beside the others")


def text(raw: bytes) -> Text:
    """Bytes as JSON can hold them."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(raw).decode()}


def raw(value: Text) -> bytes:
    """The bytes of what `text` gave."""
    return value.encode() if isinstance(value, str) else base64.b64decode(value["b64"])


def redis_dump(keys: KeysOf) -> list[dict[str, Any]]:
    """Every key with its type, its value and how long it lives still. Nobody may write meanwhile."""
    dump = []
    for key in keys:
        client: Any = keys.client
        kind = client.type(key).decode()
        dump.append({"key": text(key), "type": kind, "ttl_ms": client.pttl(key), "value": keys.value(key, kind)})
    return dump


def database_dump(file: Path) -> str:
    """A SQLite database as statements, with what its header says of its owner and its format."""
    with closing(sqlite3.connect(file, timeout=60)) as connection:
        numbers = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        }
        statements = [f"PRAGMA {name} = {number};" for name, number in numbers.items()]
        return "\n".join([*connection.iterdump(), *statements, ""])


def packed(file: Path, content: str, named: Mapping[str, str]) -> None:
    """Write text compressed, the same text to the same bytes, with names of this machine replaced."""
    file.write_bytes(gzip.compress(replaced(content, named).encode(), mtime=0))


def replaced(content: str, named: Mapping[str, str]) -> str:
    """A text with names of this machine replaced."""
    for name, instead in named.items():
        content = content.replace(name, instead)
    return content
