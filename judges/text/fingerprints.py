"""What a text is about, as 64 numbers: enough to see that many texts move, and too little to read any of them back.

Words of three letters or more and runs of three letters are hashed, each into one of 64 places with a sign, and
summed. So texts that share words point the same way. A word counts once, however often it stands there. The hash is
our own arithmetic on whole numbers: it is the same on every machine and in every version of Python.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assay.judges.text.words import WordTable

HASHED = "hashed-1"
"""Names this very way of making vectors. Whoever changes anything below gives it another name."""

DIMENSIONS = 64

READ = 4_000
"""Characters of a text that are looked at."""

_WORD = re.compile(r"[^\W\d_]{3,40}")
"""A word, as `refund` of `a refund: 12`. Numbers and ids are others in each text."""

_RUN = 3
_RUN_WEIGHT = 0.5
"""A run of letters says less than a word, and there are more of them. In scripts without blanks they are all there is.
"""

_LARGEST = 127
"""Of a number of one byte."""

_MULTIPLIERS = tuple(np.uint32(number) for number in (0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35))
"""Odd constants of known hash functions (Knuth's, and MurmurHash3's two): one for each letter of a run."""

_WORDS: WordTable[int] = WordTable(lambda word: zlib.crc32(word.encode("utf-8", "surrogatepass")))
"""The hash of a word, kept: texts say the same words again and again."""


def hashed_vector(text: str) -> str | None:
    """The vector of a text as base64 of 64 signed bytes, 88 characters. None: it has no words.

    It is scaled so that the largest number is 127. Only its direction counts.
    """
    words = _WORD.findall(text[:READ].lower())
    if not words:
        return None
    each = np.array([_WORDS[word] for word in set(words)], dtype=np.uint32)
    sums = _placed(each) + _RUN_WEIGHT * _placed(_runs(" ".join(words)))
    most = np.abs(sums).max()
    if not most:
        return None
    return base64.b64encode(np.rint(sums * (_LARGEST / most)).astype(np.int8).tobytes()).decode("ascii")


def unit_vectors(written: Sequence[str | None]) -> NDArray[np.float32]:
    """Vectors of length 1, a row each. A row of NaN where there is none, or none that can be read."""
    rows = np.full((len(written), DIMENSIONS), np.nan, dtype=np.float32)
    known = [(at, raw) for at, text in enumerate(written) if text is not None and (raw := _bytes(text)) is not None]
    if known:
        numbers = np.frombuffer(b"".join(raw for _, raw in known), dtype=np.int8).reshape(-1, DIMENSIONS)
        lengths = np.sqrt((numbers.astype(np.float32) ** 2).sum(axis=1, keepdims=True))
        rows[[at for at, _ in known]] = numbers / np.where(lengths == 0, np.nan, lengths)
    return rows


def _placed(hashes: NDArray[np.uint32]) -> NDArray[np.float64]:
    """What hashes come to: each adds 1, or takes it away, at one of the places."""
    mixed = hashes ^ (hashes >> np.uint32(16))
    mixed = mixed * _MULTIPLIERS[1]
    mixed ^= mixed >> np.uint32(13)
    mixed = mixed * _MULTIPLIERS[2]
    places = (mixed >> np.uint32(26)).astype(np.int64)
    signs = ((mixed >> np.uint32(20)) & np.uint32(1)).astype(np.float64) * 2 - 1
    return np.bincount(places, weights=signs, minlength=DIMENSIONS).astype(np.float64)


def _runs(text: str) -> NDArray[np.uint32]:
    """Hashes of the different runs of three letters in a text, blanks between words among them."""
    letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint32)
    if letters.size < _RUN:
        return np.empty(0, dtype=np.uint32)
    last = letters.size - _RUN + 1
    hashes = sum(letters[at : at + last] * _MULTIPLIERS[at] for at in range(_RUN))
    return np.unique(np.asarray(hashes, dtype=np.uint32))


def _bytes(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == DIMENSIONS else None
