"""A judge model that finds every sentence supported: what is overturned of its word is what our own rules overturn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from assay.judges.metrics import hallucination_risk
from assay.judges.rubric import Rubric
from assay.judges.rules import RuleSet
from assay.judges.schema import Claim, ClaimVerdict, Evidence, Sample, Span, Tier, Verdict
from assay.judges.text.form import statements, without_form
from assay.judges.text.passages import PassageIndex, cut_passages
from assay.judges.text.sentences import split_sentences
from assay.judges.text.words import stems_between
from assay.judges.tiers import conclude

Cites = Literal["all", "best"]
STATED = 0.97
"""What it says of each sentence: how likely its support is right."""


def obliging_verdict(sample: Sample, spans: Sequence[Span], cites: Cites = "all") -> Verdict:
    """Every one of the sentences supported, by all lines of the evidence or by the one that carries most of it."""
    lines = [
        Evidence(context=number, start=span.start, end=span.end)
        for number, text in enumerate(sample.contexts)
        for span in split_sentences(text)
    ]
    index = PassageIndex(cut_passages(sample.contexts)) if cites == "best" else None
    read = without_form(sample.response)
    claims = []
    for span in spans:
        text = sample.response[span.start : span.end]
        cited = tuple(lines) if index is None else _best(index, read[span.start : span.end]) or tuple(lines[:1])
        claims.append(
            Claim(
                text=text, span=span, verdict=ClaimVerdict.SUPPORTED, p_supported=STATED, evidence=cited, source="llm"
            )
        )
    return Verdict(judge="llm", tier=Tier.LLM, claims=tuple(claims))


def _best(index: PassageIndex, text: str) -> tuple[Evidence, ...]:
    match = index.best(stems_between(text, 0, len(text)))
    return () if match is None else (index.passages[match.passage].where,)


def concluded(sample: Sample, rubric: Rubric, cites: Cites = "all") -> tuple[Verdict, float]:
    """The verdict after our rules, and the risk it comes to."""
    verdict = obliging_verdict(sample, statements(sample.response), cites)
    after = conclude(sample, verdict, RuleSet(rubric.rules, rubric.name), None)
    return after, hallucination_risk(after)
