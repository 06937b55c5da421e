"""The evidence as the local judge sees it: passages, stems, word pairs, values, and the best passage for a sentence."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from judges.schema import Evidence
from judges.sentences import split_sentences
from judges.values import ValueIndex
from judges.words import STOP_WORDS, stem, words

_CAMEL = re.compile(r"[a-zA-Z][a-z]+[A-Z][a-zA-Z]+")
_HUMP = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_EMPTY_FIELD = re.compile(r"[\"']([A-Za-z_ -]{2,40})[\"']\s?:\s?(?:null|false|none|[\"'](?:no|none|n/a)?[\"'])", re.IGNORECASE)

PASSAGE_WORDS = 45
"""Longest passage; a longer sentence (a JSON record, a table) is cut into several."""

MOST_POSTINGS = 200
"""A stem in more passages than this says nothing about which one a sentence rests on."""


class Match(NamedTuple):
    """The passage a sentence rests on best: its number and the share of the sentence's weight it carries."""

    passage: int
    coverage: float
    nearby: float


class EvidenceIndex:
    """Index over `contexts`, built once per sample in one pass."""

    def __init__(self, contexts: Sequence[str], idf: Mapping[str, float]) -> None:
        self.passages: list[Evidence] = []
        self.passage_stems: list[frozenset[str]] = []
        self.stems: set[str] = set()
        self.pairs: set[tuple[str, str]] = set()
        self.triples: set[tuple[str, str, str]] = set()
        self.empty_fields: set[str] = set()
        self.words = 0
        self._postings: dict[str, list[int]] = defaultdict(list)
        self._idf = idf
        for number, text in enumerate(contexts):
            self._add(number, text)
        self.values = ValueIndex(contexts)

    def _add(self, context: int, text: str) -> None:
        sequence: list[str] = []
        for span in split_sentences(text):
            found = [(stem(word), start, end) for word, start, end in words(text[span.start : span.end])]
            sequence.extend(item[0] for item in found)
            for first in range(0, len(found), PASSAGE_WORDS):
                part = found[first : first + PASSAGE_WORDS]
                start, end = span.start + part[0][1], span.start + part[-1][2]
                start = span.start if first == 0 else start
                end = span.end if first + PASSAGE_WORDS >= len(found) else end
                self._add_passage(Evidence(context=context, start=start, end=end), frozenset(p[0] for p in part))
        self._add_fields(text)
        self.words += len(sequence)
        self.stems.update(sequence)
        self.pairs.update(zip(sequence, sequence[1:], strict=False))
        self.triples.update(zip(sequence, sequence[1:], sequence[2:], strict=False))

    def _add_fields(self, text: str) -> None:
        for match in _CAMEL.finditer(text):
            parts = [stem(part.lower()) for part in _HUMP.findall(match.group())]
            self.stems.update(parts)
            self.pairs.update(zip(parts, parts[1:], strict=False))
        for match in _EMPTY_FIELD.finditer(text):
            parts = [stem(part.lower()) for part in _HUMP.findall(match.group(1))]
            self.empty_fields.update(part for part in parts if part not in STOP_WORDS)

    def _add_passage(self, where: Evidence, stems: frozenset[str]) -> None:
        number = len(self.passages)
        self.passages.append(where)
        self.passage_stems.append(stems)
        for one in stems:
            if one not in STOP_WORDS:
                self._postings[one].append(number)

    def best(self, stems: set[str]) -> Match | None:
        """The passage that carries most of the weight of `stems`; the first of equals. None where none is shared."""
        gained: dict[int, float] = defaultdict(float)
        total = 0.0
        for one in sorted(stems):
            weight = self._idf[one]
            total += weight
            posted = self._postings.get(one, ())
            if len(posted) <= MOST_POSTINGS:
                for passage in posted:
                    gained[passage] += weight
        if not gained:
            return None
        passage = min(gained, key=lambda number: (-gained[number], number))
        near = set().union(*self.passage_stems[max(0, passage - 1) : passage + 2])
        return Match(passage, gained[passage] / total, sum(self._idf[one] for one in stems if one in near) / total)
