"""Claims for sentences that a judge said to need no check, though code can see that they state something.

Text under judgement may try to make a judge call a false sentence an opinion, or the whole answer a refusal. The screen
reads no instructions, so its verdicts are left alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.judges.schema import Claim, ClaimVerdict, ResponseKind, Sample, Span, Tier, Verdict
from assay.judges.text.restatements import LEAST_WORDS, content_stems, first_statement
from assay.judges.text.sentences import split_sentences
from assay.judges.text.words import stem, word_after, word_set
from assay.judges.values import Value

_PARTS_OF_TEXT = word_set("word sentence paragraph bullet character line")


def statement_in(sample: Sample, verdict: Verdict) -> Span | None:
    """The first sentence of a response said to claim nothing that tells what the evidence tells. None without one."""
    if verdict.tier is Tier.SCREEN or (verdict.kind is ResponseKind.ANSWER and verdict.claims):
        return None
    return first_statement(sample, split_sentences(sample.response))


def claim_exempt(sample: Sample, verdict: Verdict, foreign: Sequence[Value]) -> Verdict:
    """The verdict with a claim for each exempt sentence that states a value nobody gave it: it is not found.

    Three kinds of sentences stay exempt. Counts of the answer's own words or paragraphs are remarks about the answer. A
    number without a word beside it is the mark of a list. A short refusal with a value, as `sorry, not in 1987`, is
    one.
    """
    if verdict.tier is Tier.SCREEN:
        return verdict
    answered = verdict.kind is ResponseKind.ANSWER
    exempt, least = (verdict.not_checkworthy, 1) if answered else (split_sentences(sample.response), LEAST_WORDS)
    telling = [value for value in foreign if not _counts_text(sample.response, value)]
    claims: list[Claim] = []
    rest: list[Span] = []
    for span in exempt:
        own = [value for value in telling if span.start <= value.start < span.end]
        text = sample.response[span.start : span.end]
        if own and len(content_stems(text)) >= least:
            claims.append(_claim(text, span))
        else:
            rest.append(span)
    if not claims:
        return verdict
    everything = tuple(sorted((*verdict.claims, *claims), key=lambda claim: claim.span.start))
    update = {"kind": ResponseKind.ANSWER, "claims": everything, "not_checkworthy": tuple(rest)}
    return verdict.model_copy(update=update)


def _claim(text: str, span: Span) -> Claim:
    reason = "said to need no check, but states a value that is not in the evidence"
    return Claim(text=text, span=span, verdict=ClaimVerdict.NOT_FOUND, source="rule:values", reason=reason)


def _counts_text(text: str, value: Value) -> bool:
    """Whether the value counts parts of a text, as in `the summary in 79 words:`."""
    return stem(word_after(text, value.end)) in _PARTS_OF_TEXT
