"""Vague amounts: `dozens of`, `hundreds of thousands`. They hold where an amount of that size is stated."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal

from assay.judges.values.patterns import one_of

_SIZES = {
    "tens": 10,
    "dozens": 12,
    "hundreds": 10**2,
    "thousands": 10**3,
    "millions": 10**6,
    "billions": 10**9,
    "trillions": 10**12,
}

FIRST_VAGUE_WORDS = frozenset(_SIZES)
"""Lower-case words a vague amount begins with."""

_LARGE = "(?:thousands|millions|billions|trillions)"
VAGUE = rf"{one_of(_SIZES)}(?:\s{{1,2}}of\s{{1,2}}{_LARGE})?(?=\s{{1,2}}of\b|\s{{1,2}}more\b|\s{{1,2}}[a-z])"
"""A vague amount: `dozens of`, `tens of thousands`. What it counts must follow."""

_FEW = re.compile(r"\b(?:several|a few|many|some|a couple of|couple)\s{1,2}$", re.IGNORECASE)
"""What makes a vague amount of the word after it, e.g. `several ` before `thousand dollars`."""

_SIZE_WORDS = {word.removesuffix("s"): size for word, size in _SIZES.items() if size > 10}

_MARK = "~"
_LEAST, _MOST = Decimal("1.5"), Decimal(20)
"""How much larger than its word an amount is that a vague one may mean: hundreds are 150 to 2,000."""


def vague_normal(written: str) -> str:
    """The normal form: `dozens` → `~12`, `tens of thousands` → `~10000`."""
    size = 1
    for word in re.split(r"\s+of\s+", written.lower()):
        size *= _SIZES[word]
    return f"{_MARK}{size}"


def vague_size(normal: str) -> Decimal | None:
    """The size a vague amount names. None for any other normal form."""
    return Decimal(normal[1:]) if normal[:1] == _MARK else None


def few_of(written: str, before: str) -> Decimal | None:
    """The size that `several thousand` names, told by the value `thousand dollars` and what stands before it."""
    size = _SIZE_WORDS.get(written.split(maxsplit=1)[0].lower()) if written else None
    return Decimal(size) if size and _FEW.search(before) else None


def spans_one_of(size: Decimal, amounts: Sequence[Decimal]) -> bool:
    """Whether an amount among these, in order, is of the size a vague amount names."""
    nearest = bisect_left(amounts, size * _LEAST)
    return nearest < len(amounts) and amounts[nearest] <= size * _MOST
