"""A private value in a text."""

from __future__ import annotations

from typing import NamedTuple


class PrivateValue(NamedTuple):
    """Where a private value stands, and what it is.

    Attributes:
        kind: a kind, or the name of a pattern.
        start: its first character.
        end: after its last one.
        key: the value in its normal form: two spellings of one value have one key.
        is_sure: False where what stands around it says that it is another number, or where it could be one. It is
            replaced only if another place of the sample says that the same value is private.
    """

    kind: str
    start: int
    end: int
    key: str
    is_sure: bool = True
