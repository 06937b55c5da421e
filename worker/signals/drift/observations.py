"""Traces as drift sees them: columns of numbers, codes and small vectors, and how many there may be."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.judges.text.fingerprints import DIMENSIONS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]
Bytes = NDArray[np.int8]

UNKNOWN = -1
"""Code of a category that a trace does not tell."""


class Category(NamedTuple):
    """A column of few names: a code of each trace, `UNKNOWN` where it tells none, and the names."""

    codes: Integers
    names: tuple[str, ...]


class Vectors(NamedTuple):
    """A column of vectors. Rows without one are zeros."""

    values: Bytes
    known: Bools

    def unit(self, rows: Bools) -> Floats:
        """Some rows' vectors, each of length 1."""
        values = self.values[rows].astype(np.float64)
        lengths = np.linalg.norm(values, axis=1, keepdims=True)
        unit: Floats = np.divide(values, lengths, out=np.zeros_like(values), where=lengths > 0)
        return unit


@dataclass(frozen=True)
class Observations:
    """Traces of one use case, one row each.

    Attributes:
        weights: how many traces of the traffic each stands for, 1/π.
        clusters: number of its session, spread evenly over all whole numbers of 64 bits.
        numbers: by column, NaN for unknown. Yes and no are 1 and 0.
        categories: by column.
        vectors: by column. All are of one maker.
        vectors_from: who made the vectors, e.g. `hashed-1`. None: there are none.
        foreign: traces whose vectors are of another maker and were left out, by maker.
    """

    weights: Floats
    clusters: Integers
    numbers: Mapping[str, Floats]
    categories: Mapping[str, Category]
    vectors: Mapping[str, Vectors]
    vectors_from: str | None = None
    foreign: Mapping[str, int] | None = None

    @property
    def n(self) -> int:
        """How many traces."""
        return int(self.weights.size)

    def only(self, rows: Bools | Integers) -> Observations:
        """Some of them."""
        return Observations(
            weights=self.weights[rows],
            clusters=self.clusters[rows],
            numbers={name: column[rows] for name, column in self.numbers.items()},
            categories={name: Category(codes[rows], names) for name, (codes, names) in self.categories.items()},
            vectors={name: Vectors(values[rows], known[rows]) for name, (values, known) in self.vectors.items()},
            vectors_from=self.vectors_from,
            foreign=self.foreign,
        )

    def by_session(self) -> Observations:
        """The same, in an order that has nothing to do with time: sessions by the hash of their id."""
        return self.only(np.argsort(self.clusters, kind="stable"))

    def first(self, most: int) -> Observations:
        """As many whole sessions from the first on as have `most` traces at the most, one at least.

        Whole, so that a sample of a long period has sessions as large as those of a short one.
        """
        if self.n <= most:
            return self
        ends = np.flatnonzero(np.append(np.diff(self.clusters) != 0, [True])) + 1
        whole = ends[ends <= most]
        return self.only(np.arange(int(whole[-1]) if whole.size else most))


def decoded_vectors(texts: Iterable[str | None], count: int) -> Vectors:
    """Vectors from the text that the record keeps: 64 signed bytes in base64. What is none is unknown."""
    values, known = np.zeros((count, DIMENSIONS), dtype=np.int8), np.zeros(count, dtype=np.bool_)
    for row, text in enumerate(texts):
        if text:
            raw = _bytes(text)
            if len(raw) == DIMENSIONS:
                values[row], known[row] = np.frombuffer(raw, dtype=np.int8), True
    # A vector of zeros says nothing: the text had no word.
    return Vectors(values, known & values.any(axis=1))


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def merged_categories(parts: Sequence[Category]) -> Category:
    """Columns one after the other, under one list of names."""
    names: dict[str, int] = {}
    codes = []
    for part in parts:
        new = np.array([names.setdefault(name, len(names)) for name in part.names] + [UNKNOWN], dtype=np.int64)
        codes.append(new[part.codes])
    return Category(np.concatenate(codes) if codes else np.empty(0, dtype=np.int64), tuple(names))
