"""Headings and labels that tell something the evidence does not: `**Refunds in cash:**`, `Ninety days for refunds:`."""

from __future__ import annotations

import re
from functools import cached_property

from assay.judges.lexical_overlap import content_terms
from assay.judges.schema import Sample
from assay.judges.text.assertions import is_label
from assay.judges.text.form.predicates import tells

HEADING = re.compile(r"\s*(?:\*\*[^\n*.]{1,80}\*\*:?|[^\n.:]{1,60}:)\s*")
"""A heading or a label on a line of its own, e.g. `Ingredients:`."""

_LINK = re.compile(
    r"\s(?:in|by|as|after|within|before|until|at|for|from|with|without|only|per|via|on)\s|:\s|\s?[(\[]|\s[-–—]\s",
    re.IGNORECASE,
)
"""What ties a detail to the matter of a heading, e.g. ` in `."""

_NUMBER = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    r"|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|half|double"
    r"|twice)\b",
    re.IGNORECASE,
)
"""A number in words, e.g. `ninety`."""


class Headings:
    """Tells headings that only lead to what follows. It reads the evidence of one sample, once and only if needed."""

    def __init__(self, sample: Sample) -> None:
        """Keep what is judged."""
        self._sample = sample

    def is_form(self, text: str) -> bool:
        """Whether a sentence is a heading or a label, and tells nothing."""
        if HEADING.fullmatch(text) is None:
            return False
        if not (is_label(text) if text.rstrip().endswith(":") else not tells(text)):
            return False
        return not self._names_detail(text.strip(" *:\n"))

    def _names_detail(self, text: str) -> bool:
        """Whether a heading adds to a matter of the sample what neither the evidence nor the question names.

        A heading of new words alone, as `Steps to follow:`, is about the answer.
        """
        if any(number.lower() not in self._shown for number in _NUMBER.findall(text)):
            return True
        link = _LINK.search(text)
        if link is None:
            return False
        matter, detail = content_terms(text[: link.start()]), content_terms(text[link.end() :])
        return not matter.isdisjoint(self._known) and not detail <= self._known

    @cached_property
    def _shown(self) -> str:
        return "\n".join((*self._sample.contexts, self._sample.question)).lower()

    @cached_property
    def _known(self) -> frozenset[str]:
        return content_terms(self._shown)
