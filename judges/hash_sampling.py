"""A draw by hash: the same answer on every machine and every retry, and a draw at 5 % lies inside the one at 10 %.

Statistics sheets call this Poisson sampling with permanent random numbers. The salt separates one use of the hash from
every other, so that which traces are judged says nothing about which of them are audited.
"""

from __future__ import annotations

import hashlib

_TWO_64 = 2**64


def hash64(salt: str, subject: str) -> int:
    """First 64 bits, big endian, of SHA-256(salt + ":" + subject)."""
    digest = hashlib.sha256(f"{salt}:{subject}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big")


def is_below(u64: int, rate: float) -> bool:
    """Whether a 64-bit hash falls under a rate in [0, 1]. Rate 1 takes everything."""
    return rate >= 1.0 or u64 < int(rate * _TWO_64)
