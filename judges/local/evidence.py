"""The evidence as the local judge sees it: stems, word pairs, values, empty fields, and passages to compare with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from judges.passages import PassageIndex, cut_passages
from judges.values import value_index
from judges.words import STOP_WORDS, stem

EVIDENCE_LIMIT = 1_000_000
"""Characters of evidence that are read; what lies beyond is left out and the verdict says `partial_context`."""

_CAMEL_CASE = re.compile(r"[a-zA-Z][a-z]{1,40}(?:[A-Z][a-zA-Z]{1,40}){1,8}")
_HUMP = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_EMPTY_FIELD = re.compile(
    r"[\"']([A-Za-z_ -]{2,40})[\"']\s?:\s?(?:null|false|none|[\"'](?:no|none|n/a)?[\"'])", re.IGNORECASE
)


class EvidenceIndex:
    """Index over the contexts, built once per sample in one pass.

    Attributes:
        stems: stems of all words; the parts of `camelCase` field names count too.
        pairs: stems of neighbouring words.
        triples: stems of three words in a row.
        empty_fields: stems of the names of fields a record leaves empty or answers with no.
        words: number of words.
        partial: whether evidence beyond `EVIDENCE_LIMIT` was left out.
    """

    def __init__(self, contexts: Sequence[str], idf: Mapping[str, float]) -> None:
        read = _within_limit(contexts)
        self.partial = sum(map(len, read)) < sum(map(len, contexts))
        self.passages = PassageIndex(cut_passages(read), idf)
        self.stems: set[str] = set()
        self.pairs: set[tuple[str, str]] = set()
        self.triples: set[tuple[str, str, str]] = set()
        self.empty_fields: set[str] = set()
        self.values = value_index(tuple(read))
        sequence = [one for passage in self.passages.passages for one in passage.stems]
        self.words = len(sequence)
        self.stems.update(sequence)
        self.pairs.update(pairwise(sequence))
        self.triples.update(zip(sequence, sequence[1:], sequence[2:], strict=False))
        for text in read:
            self._add_field_names(text)

    def _add_field_names(self, text: str) -> None:
        """`OutdoorSeating: null` speaks of outdoor seating, and says there is none to report."""
        for match in _CAMEL_CASE.finditer(text):
            parts = _parts(match.group())
            self.stems.update(parts)
            self.pairs.update(pairwise(parts))
        for match in _EMPTY_FIELD.finditer(text):
            self.empty_fields.update(part for part in _parts(match.group(1)) if part not in STOP_WORDS)


def _parts(name: str) -> list[str]:
    """Stems of the words a field name is made of."""
    return [stem(part.lower()) for part in _HUMP.findall(name)]


def _within_limit(contexts: Sequence[str]) -> list[str]:
    """The contexts up to `EVIDENCE_LIMIT` characters in all; offsets into what is left stay true."""
    left = EVIDENCE_LIMIT
    read: list[str] = []
    for text in contexts:
        read.append(text[:left])
        left -= len(read[-1])
    return read
