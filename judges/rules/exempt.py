"""Claims for sentences that a judge said to need no check, though code can see that they state something.

Text under judgement may try to make a judge call a false sentence an opinion, or the whole answer a refusal. The screen
reads no instructions, so its verdicts are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assay.judges.rubric import Rules
from assay.judges.rules.step import Progress, Step
from assay.judges.schema import Claim, ClaimVerdict, ResponseKind, Sample, Span, Tier, Verdict
from assay.judges.text.assertions import asserts
from assay.judges.text.form import statements, without_form
from assay.judges.text.restatements import LEAST_WORDS, content_stems, first_statement
from assay.judges.text.words import stem, word_after, word_set
from assay.judges.values import Value

SOURCE = "rule:exempt"

DOUBTED_SUPPORT = 0.5
"""Probability of support for a statement that a judge said was none: it was not judged, so nothing proves it wrong."""

_PARTS_OF_TEXT = word_set("word sentence paragraph bullet character line")


def statement_in(sample: Sample, verdict: Verdict) -> Span | None:
    """The first sentence of a response said to claim nothing that tells what the evidence tells. None without one."""
    if verdict.tier is Tier.SCREEN or (verdict.kind is ResponseKind.ANSWER and verdict.claims):
        return None
    return first_statement(sample, judged_statements(sample, verdict))


def judged_statements(sample: Sample, verdict: Verdict) -> list[Span]:
    """The sentences of the response without those that were left out of judging."""
    spans = statements(sample.response)
    if not verdict.unjudged:
        return spans
    return [span for span in spans if not any(o.start <= span.start and span.end <= o.end for o in verdict.unjudged)]


def compile_exempt(rules: Rules, source: str) -> Step | None:
    """The step that makes claims of the statements in an answer said to be none. It holds for every rubric."""
    del rules, source

    def step(sample: Sample, progress: Progress) -> Progress:
        return progress._replace(verdict=claim_statements(sample, progress.verdict))

    return step


def claim_statements(sample: Sample, verdict: Verdict) -> Verdict:
    """The verdict with a claim in doubt for each sentence that states something, of a response said to state nothing.

    What tells what the evidence tells was refused before (`statement_in`), so no passage carries these sentences.
    """
    if verdict.tier is Tier.SCREEN or (verdict.kind is ResponseKind.ANSWER and verdict.claims):
        return verdict
    read = without_form(sample.response)
    spans = judged_statements(sample, verdict)
    stated = [span for span in spans if asserts(read[span.start : span.end])]
    if not stated:
        return verdict
    reason = "said to be no statement, but it states something that no passage carries"
    claims = tuple(
        Claim(
            text=sample.response[span.start : span.end],
            span=span,
            verdict=ClaimVerdict.NOT_FOUND,
            p_supported=DOUBTED_SUPPORT,
            source=SOURCE,
            reason=reason,
        )
        for span in stated
    )
    starts = {span.start for span in stated}
    rest = tuple(span for span in spans if span.start not in starts)
    return verdict.model_copy(update={"kind": ResponseKind.ANSWER, "claims": claims, "not_checkworthy": rest})


def claim_exempt(
    sample: Sample, verdict: Verdict, values: Sequence[Value], is_foreign: Callable[[Value], bool]
) -> Verdict:
    """The verdict with a claim for each exempt sentence that states a value nobody gave it: it is not found.

    Three kinds of sentences stay exempt. Counts of the answer's own words or paragraphs are remarks about the answer. A
    number without a word beside it is the mark of a list. A short refusal with a value, as `sorry, not in 1987`, is
    one.

    Args:
        sample: what is judged.
        verdict: before the rule.
        values: of the response.
        is_foreign: whether nobody gave the response a value. It is costly and asked of exempt sentences only.
    """
    if verdict.tier is Tier.SCREEN:
        return verdict
    answered = verdict.kind is ResponseKind.ANSWER
    exempt, least = (verdict.not_checkworthy, 1) if answered else (statements(sample.response), LEAST_WORDS)
    read = without_form(sample.response)
    claims: list[Claim] = []
    rest: list[Span] = []
    for span in exempt:
        own = (value for value in values if span.start <= value.start < span.end)
        tells = any(is_foreign(value) and not _counts_text(read, value) for value in own)
        if tells and len(content_stems(read[span.start : span.end])) >= least:
            claims.append(_claim(sample.response[span.start : span.end], span))
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
