"""Which sentences of a response are put to a model that only says how likely a statement is, and which state nothing.

Such a model does not say that a sentence is a greeting or a refusal: it would find it unsupported. So code decides, by
the same signs as everywhere. Where it errs, the rules still look at what was left out (`judges/rules/exempt.py`).

Of 211 sentences that people marked in 400 rows of RAGTruth's development part one is not asked, of the 2,428 others 48.
In 400 rows of BEGIN, which are talk, it is 49 of 402: bare questions and assents (`python -m
benchmarks.statements_asked`, 2026-11-29).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from assay.judges.lexical_overlap import content_terms
from assay.judges.llm.statements.headings import Headings
from assay.judges.llm.statements.questions import LEAST_TOLD, only_asks
from assay.judges.schema import ResponseKind, Sample, Span
from assay.judges.text.assertions import asks
from assay.judges.text.form import without_form
from assay.judges.text.form.courtesy import is_courtesy
from assay.judges.text.refusals import declines, points_elsewhere
from assay.judges.text.restatements import first_statement

_GRANTS = re.compile(
    r"\b(?:(?:more|other|else|less|further)\s(?:than|but|except)(?:\sthe\sfact)?(?:\sthat)?"
    r"|(?:except|besides|beyond|apart\sfrom|aside\sfrom|nothing\sbut|only|but|deny|dispute|hide|ignore|forget|overlook"
    r"|conceal|change|regret|sorry|afraid|sad|stress|fact)(?:\sfor)?(?:\sthe\sfact)?\sthat)\s(?P<told>.*)",
    re.IGNORECASE | re.DOTALL,
)
"""What a refusal grants all the same, e.g. `more than that refunds are paid in cash` after `I cannot say`."""

_LONGEST = 400
"""Longer sentences say something. It also bounds what the patterns have to read."""


class Stating(NamedTuple):
    """The numbers of the sentences that state something, in order, and what the response is without any."""

    numbers: tuple[int, ...]
    kind: ResponseKind


def stating(sample: Sample, sentences: Mapping[int, Span]) -> Stating:
    """Which of all sentences of a response state something.

    A response that only says yes or no is one statement, as it affirms what was asked. One that declines and sends
    elsewhere states nothing. One that tells what the evidence tells does, whatever its form.
    """
    read = without_form(sample.response)
    texts = {number: read[span.start : span.end] for number, span in sentences.items()}
    declining = {number for number, text in texts.items() if only_declines(text)}
    headings = Headings(sample)
    stated = (number for number, text in texts.items() if number not in declining)
    numbers = [number for number in stated if not states_nothing(texts[number], headings)]
    if declining and all(points_elsewhere(texts[number]) for number in numbers):
        numbers = []
    if not numbers:
        numbers = _stated_all_the_same(sample, sentences) or _affirming(sample, texts, declining)
    if numbers:
        return Stating(tuple(numbers), ResponseKind.ANSWER)
    return Stating((), ResponseKind.REFUSAL if declining else ResponseKind.NO_CLAIMS)


def only_declines(text: str) -> bool:
    """Whether a sentence declines and grants nothing beside: `I am sorry that I cannot say more`."""
    if not declines(text):
        return False
    granted = _GRANTS.search(text)
    return granted is None or declines(granted["told"]) or len(content_terms(granted["told"])) < LEAST_TOLD


def states_nothing(text: str, headings: Headings) -> bool:
    """Whether there is nothing in a sentence to check: a question, a courtesy, a heading, no word of content."""
    if not content_terms(text):
        return True
    if len(text) > _LONGEST:
        return False
    return only_asks(text) or is_courtesy(text) or headings.is_form(text)


def _stated_all_the_same(sample: Sample, sentences: Mapping[int, Span]) -> list[int]:
    """The first sentence that tells what the evidence tells. A response with one is no refusal."""
    stated = first_statement(sample, sentences.values())
    return [number for number, span in sentences.items() if span == stated]


def _affirming(sample: Sample, texts: Mapping[int, str], declining: set[int]) -> list[int]:
    """The sentences of a bare answer to a question, e.g. `Yes, it does`."""
    if not sample.question.strip():
        return []
    bare = (number for number, text in texts.items() if number not in declining and not content_terms(text))
    return [number for number in bare if not asks(texts[number]) and not is_courtesy(texts[number])]
