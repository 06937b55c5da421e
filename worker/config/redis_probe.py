"""What is asked of Redis to see whether it takes work: a few commands of every kind that work needs.

A PING says little: a replica, a full memory or disk, a user without the right to run scripts and a key of another
program under our prefix all answer it, and refuse the work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

KEPT_S = 60
"""How long what a probe writes lies there."""

_SCRIPT = "redis.call('HDEL', KEYS[1], ARGV[1]) redis.call('ZREM', KEYS[2], ARGV[1]) return redis.call('TIME')"
"""Touches what is in hand, and changes nothing. KEYS: unacked, unacked_index. ARGV: a tag that no delivery has."""

_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


def probe_commands(prefix: str, queues: Iterable[str]) -> list[tuple[str | int, ...]]:
    """The commands, each of which must be taken. They are to be sent in this order, over one connection.

    Args:
        prefix: of all of the broker's keys.
        queues: the names of our queues.
    """
    key, pushed = f"{prefix}broker_probe", f"{prefix}broker_probe:queue"
    return [
        ("SET", key, 1, "EX", KEPT_S),
        ("SCRIPT", "LOAD", _SCRIPT),
        ("EVALSHA", _SHA, 2, f"{prefix}unacked", f"{prefix}unacked_index", "-"),
        # Several may do this at once: each pushes before it takes, so that nobody waits.
        ("RPUSH", pushed, 1),
        ("LTRIM", pushed, 0, 99),  # where pushing is allowed and taking is not
        ("EXPIRE", pushed, KEPT_S),
        ("BRPOP", pushed, 1),
        *(("LLEN", f"{prefix}{queue}") for queue in queues),
    ]
