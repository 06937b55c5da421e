"""Finds sentences of a response that tell what the evidence tells.

A response with such a sentence is no refusal and no small talk, whatever a judge says. Text under judgement may try to
make a judge say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from assay.judges.schema import Sample, Span
from assay.judges.text.form import without_form
from assay.judges.text.passages import passage_index
from assay.judges.text.words import STOP_WORDS, WordTable, stem, surface_words

STATED = 0.75
"""Share of a sentence's content words beyond the question's that one passage must carry for it to be a statement.

Of 5,006 responses of RAGTruth, MTRAG and BEGIN (development rows), the local judge takes 172 for refusals or small
talk. Ten of them hold such a sentence, and each of the ten states a fact after all (`python -m
benchmarks.exempt_statements --show`, 2026-11-21).
"""

LEAST_WORDS = 2
"""With fewer content words a sentence states nothing, or overlaps with anything."""

_QUESTION_MARK = re.compile(r"[?？؟][\s\"'”’)\]*_]*\Z")
"""The end of a question: `?"` in `Did it rain?"`."""


def content_stems(text: str) -> frozenset[str]:
    """Stems of the words that carry a claim. Numbers are what is compared, so they are left out."""
    return frozenset(filter(None, map(_CONTENT.__getitem__, surface_words(text))))


_CONTENT = WordTable(lambda word: "" if word in STOP_WORDS or word[0].isdigit() else stem(word))
"""The stem of each word that carries a claim. Empty for any other."""


def first_statement(sample: Sample, sentences: Iterable[Span]) -> Span | None:
    """The first of these sentences of the response that tells what the evidence tells. None without one."""
    asked = content_stems("\n".join((sample.question, *(turn.content for turn in sample.history))))
    read = without_form(sample.response)
    for span in sentences:
        text = read[span.start : span.end]
        own = content_stems(text) - asked
        if len(own) < LEAST_WORDS or _QUESTION_MARK.search(text):
            continue
        match = passage_index(sample.contexts).best(own)
        if match is not None and match.coverage >= STATED:
            return span
    return None
