"""The evidence as the local judge sees it: stems, word pairs, values, fields, and passages to compare with."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import groupby

from assay.judges.local.fields import FieldIndex, camel_case_names, name_stems
from assay.judges.local.hours import OpeningHours
from assay.judges.local.ngrams import Grams, KnownGrams
from assay.judges.text.passages import PassageIndex, cut_passages
from assay.judges.values import value_index

EVIDENCE_LIMIT = 2_000_000
"""Characters of evidence that are read. What lies beyond is left out and the verdict says `partial_context`."""

_PLACES = 32
"""Places looked at for one sentence. It bounds the time hostile text can take."""

_BEFORE_SENTENCE = re.compile(r"(?:^|[\n.!?…。！？:;|>•*\"”“»)\]}_-])\s*$")
"""What stands before the start of a sentence, as `Total: `."""


class EvidenceIndex:
    """Index over the contexts, built once per sample in one pass. The order of the contexts changes nothing.

    Attributes:
        stems: stems of all words. The parts of `camelCase` field names count too.
        grams: which pairs and triples of the response's words it has.
        fields: what records answer with yes, no or nothing.
        hours: opening hours in records.
        words: number of words.
        partial: whether evidence beyond `EVIDENCE_LIMIT` was left out.
    """

    def __init__(
        self, contexts: Sequence[str], asked: Collection[str], grams: Iterable[Grams], idf: Mapping[str, float]
    ) -> None:
        """Index the contexts, to be compared with a response.

        Args:
            contexts: the evidence.
            asked: stems of the response's words, to find the passages they stand in.
            grams: of the response's sentences.
            idf: weights of the stems.
        """
        self._read = within_limit(contexts, EVIDENCE_LIMIT)
        self.partial = sum(map(len, self._read)) < sum(map(len, contexts))
        self.passages = PassageIndex(cut_passages(self._read), idf, asked, continued=True)
        self.stems: set[str] = set()
        self.grams = KnownGrams(grams)
        self.words = 0
        for _, passages in groupby(self.passages.passages, key=lambda passage: passage.context):
            self._add([stem for passage in passages for stem in passage.stems])
        self.grams.add_joints()
        for text in self._read:
            for name in camel_case_names(text):
                parts = name_stems(name)
                self.stems.update(parts)
                self.grams.add_pairs(parts)
        self.fields = FieldIndex(self._read, idf)
        self.hours = OpeningHours(self._read)
        self.values = value_index(tuple(self._read))
        self.values.vocabulary = self.stems

    def _add(self, sequence: list[str]) -> None:
        self.words += len(sequence)
        self.stems.update(sequence)
        self.grams.add(sequence)

    def states(self, sentence: str) -> bool:
        """Whether the sentence stands in the evidence word for word, as a sentence. White space may differ."""
        wanted = " ".join(sentence.split())
        return any(_stands_in(text, wanted) for text in self._single_spaced)

    @cached_property
    def _single_spaced(self) -> list[str]:
        """The texts with single spaces, without their lines. Texts of several lines come with their lines, too."""
        spaced = {text: [" ".join(line.split()) for line in text.splitlines()] for text in self._read}
        several = ("\n".join(lines) for lines in spaced.values() if len(lines) > 1)
        return [*several, *(" ".join(text.split()) for text in spaced)]


def _stands_in(text: str, sentence: str) -> bool:
    """Whether `sentence` occurs in `text` where a sentence may begin, and ends where a word does."""
    start = text.find(sentence)
    for _ in range(_PLACES):
        if start < 0:
            return False
        end = start + len(sentence)
        whole = end == len(text) or not sentence[-1:].isalnum() or not text[end].isalnum()
        if whole and _BEFORE_SENTENCE.search(text[max(0, start - 3) : start]):
            return True
        start = text.find(sentence, start + 1)
    return False


def within_limit(contexts: Sequence[str], limit: int) -> list[str]:
    """The contexts, the longest cut to one length where all together are over `limit` characters.

    No context is preferred for its place, and offsets into what is left stay true.
    """
    left, longest = limit, limit
    sizes = sorted(map(len, contexts))
    for number, size in enumerate(sizes):
        longest = left // (len(sizes) - number)
        if size > longest:
            break
        left -= size
    else:
        return list(contexts)
    return [text[:longest] for text in contexts]
