"""Makes claims of probabilities: a verdict by the likelier side, and the lines that the statement has most to do with.

A probability cannot tell a contradiction from silence. So a sentence that is not supported is `not_found`, and only the
rules call one contradicted, where they can prove it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from assay.judges.lexical_overlap import Tie
from assay.judges.llm.grounding.numbering import ResponsePart
from assay.judges.llm.statements.tied_lines import UNCHECKED, UNTIED, TiedLines
from assay.judges.schema import Claim, ClaimVerdict, Sample, Span
from assay.judges.text.form import without_form

LIKELIER = 0.5
"""From here on support is the likelier side. The probability itself is kept: risk and calibration read it."""


class ClaimTable:
    """The claims of one sample, made part by part."""

    def __init__(self, sample: Sample, *, judge: str, source: Literal["tokens", "decision"]) -> None:
        """Begin.

        Args:
            sample: what is judged.
            judge: the judge's name.
            source: where the probabilities are from.
        """
        self._sample = sample
        self._judge = judge
        self._source: Literal["tokens", "decision"] = source
        self._read = without_form(sample.response)

    def of(self, part: ResponsePart, probabilities: Mapping[int, float]) -> list[Claim]:
        """The claims of one part, in order.

        Args:
            part: its sentences, and the lines that were shown.
            probabilities: of support, by the sentence's number.
        """
        lines = TiedLines(self._sample, part.evidence)
        return [self._claim(part.sentences[number], p, lines) for number, p in sorted(probabilities.items())]

    def _claim(self, span: Span, p: float, lines: TiedLines) -> Claim:
        claim = Claim(
            text=self._sample.response[span.start : span.end],
            span=span,
            verdict=ClaimVerdict.NOT_FOUND,
            p_supported=p,
            p_source=self._source,
            source=self._judge,
            reason=f"its support by the evidence has a probability of {p:.2f}",
        )
        return claim if p < LIKELIER else self._supported(claim, lines)

    def _supported(self, claim: Claim, lines: TiedLines) -> Claim:
        """The claim as supported, with its lines. One that nothing ties to the evidence has no ground, as in a table.

        Such a support was for something else, so it keeps no probability.
        """
        statement = self._read[claim.span.start : claim.span.end]
        tied = lines.of(statement)
        connection = lines.tie(statement, tied)
        if connection is Tie.NONE:
            update = {"p_supported": None, "p_source": None, "source": f"{self._judge}:ungrounded", "reason": UNTIED}
            return claim.model_copy(update=update)
        reason = UNCHECKED if connection is Tie.UNDECIDED else ""
        return claim.model_copy(update={"verdict": ClaimVerdict.SUPPORTED, "evidence": tied, "reason": reason})
