"""The judge that needs no key and no network: sentences as claims, weighed by a small model fitted on human labels."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import cast

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import UnjudgeableSample
from assay.judges.local.checkworthy import checkworthy, is_refusal, without_pointers
from assay.judges.local.denials import DENIED_DOUBT, denials
from assay.judges.local.features import FEATURES_VERSION, ResponseView, SentenceView, read_response
from assay.judges.local.model import LocalModel, Prediction, files_digest, load_word_weights
from assay.judges.local.other_languages.pairing import Pairing, compare, pairing, states_something
from assay.judges.local.short.answers import judge_short, undecided_elsewhere
from assay.judges.local.short.verdicts import ShortVerdict
from assay.judges.rubric import Rubric
from assay.judges.schema import Claim, ClaimVerdict, Evidence, ResponseKind, Sample, Span, Tier, Verdict
from assay.judges.text.blank import is_empty

HIGH_RISK = 0.5
"""Where the risk says that a person would sooner mark something than nothing, the weakest sentence is not found."""

CONTRADICTION_COVERAGE = 0.9
"""Share of a sentence's weight its passage must carry before a negation or an opposite makes a contradiction."""

APART = 0.3
"""Share of a sentence's weight that must be missing where its value stands before the value counts as misplaced."""

SENTENCE_WORDS = 4
"""Words of a copied answer from which on it is a sentence, and no name or value that the question has to place."""

_WORDS_NAMED = 5


class LocalJudge:
    """Judges by words and values. What it can and cannot see is written in CARD.md beside this file."""

    def __init__(self) -> None:
        self._model = LocalModel.load()
        self._weights = load_word_weights()
        self._fingerprint = f"{files_digest()}:{FEATURES_VERSION}"

    @property
    def name(self) -> str:
        """`local`."""
        return "local"

    @property
    def fingerprint(self) -> str:
        """Digest of the weights, and the version of the features they are applied to."""
        return self._fingerprint

    async def assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        """Judge one sample. The rubric says nothing this judge could follow.

        Raises:
            UnjudgeableSample: `no_evidence`, as there is nothing to compare the response with.
        """
        del rubric
        if all(is_empty(context) for context in sample.contexts):
            raise UnjudgeableSample("no_evidence", "the local judge only compares with evidence; use the llm judge")
        return await in_thread(self._judge, sample)

    async def close(self) -> None:
        """Nothing to release."""

    def _judge(self, sample: Sample) -> Verdict:
        began = time.perf_counter()
        view = read_response(sample, self._weights)
        pair = pairing(sample)
        checked = checkworthy(view.sentences) if pair is Pairing.ENGLISH else _checkworthy_elsewhere(view)
        short = None if _is_copied_sentence(view) else judge_short(sample)
        if short is not None:
            checked = list(view.sentences)
        denied = denials(sample, ((sentence.span, sentence.text) for sentence in view.sentences))
        kept = {sentence.span.start for sentence in checked} | {claim.span.start for claim in denied if claim.span}
        update: dict[str, object]
        base = Verdict(
            judge=self.name,
            tier=Tier.SCREEN,
            not_checkworthy=tuple(sentence.span for sentence in view.sentences if sentence.span.start not in kept),
            partial_context=view.evidence.partial,
            cost_usd=0.0,
        )
        if short is not None:
            update = _of_short_answer(sample.response, view, short)
        elif undecided_elsewhere(sample):
            update = {"language_unsupported": True}
        elif checked and pair is not Pairing.ENGLISH:
            update = _elsewhere(sample, view, checked, pair)
        elif checked:
            prediction = self._model.read(checked, view.evidence.words)
            update = {
                "claims": _claims(sample.response, view, checked, prediction),
                "risk": prediction.risk,
                "calibrated": True,
            }
        else:
            refuses = any(is_refusal(sentence.text) for sentence in view.sentences)
            update = {"kind": ResponseKind.REFUSAL if refuses else ResponseKind.NO_CLAIMS}
        if denied:
            update = _with_denials(update, denied, view)
        return base.model_copy(update={**update, "latency_s": time.perf_counter() - began})


def _is_copied_sentence(view: ResponseView) -> bool:
    """Whether the response is one sentence of the evidence, word for word: there is nothing to read into it."""
    return len(view.sentences) == 1 and view.sentences[0].stated and view.sentences[0].words >= SENTENCE_WORDS


def _with_denials(update: dict[str, object], denied: Sequence[Claim], view: ResponseView) -> dict[str, object]:
    """The verdict with the sentences that say the evidence does not tell what it tells, whatever stands beside them."""
    others = cast("tuple[Claim, ...]", update.get("claims", ()))
    claims = sorted((*others, *denied), key=lambda claim: claim.span.start if claim.span else 0)
    kept = {claim.span for claim in claims}
    risk = max(DENIED_DOUBT, cast("float", update.get("risk", 0.0)))
    rest = tuple(sentence.span for sentence in view.sentences if sentence.span not in kept)
    return {"claims": tuple(claims), "risk": risk, "not_checkworthy": rest}


def _checkworthy_elsewhere(view: ResponseView) -> list[SentenceView]:
    """The sentences that state something, where the words are not known."""
    stating = [each for each in view.sentences if not is_refusal(each.text) and states_something(each)]
    return without_pointers(stating, view.sentences)


def _elsewhere(
    sample: Sample, view: ResponseView, sentences: Sequence[SentenceView], pair: Pairing
) -> dict[str, object]:
    """The verdict where answer or evidence is not in English. What is found wrong counts, whatever is unknown."""
    compared = compare(sample, view, sentences, pair)
    wrong = any(
        sentence_check.verdict in (ClaimVerdict.NOT_FOUND, ClaimVerdict.CONTRADICTED) for sentence_check in compared
    )
    if not wrong and any(sentence_check.verdict is None for sentence_check in compared):
        return {"language_unsupported": True, "not_checkworthy": tuple(each.span for each in view.sentences)}
    known = [sentence_check for sentence_check in compared if sentence_check.verdict is not None]
    spans = {sentence_check.sentence.span.start for sentence_check in known}
    claims = tuple(
        Claim(
            text=sample.response[sentence_check.sentence.span.start : sentence_check.sentence.span.end],
            span=sentence_check.sentence.span,
            verdict=sentence_check.verdict or ClaimVerdict.NOT_FOUND,
            p_supported=1.0 - sentence_check.doubt,
            evidence=_evidence(view, sentence_check.sentence),
            source="local",
            reason=sentence_check.reason,
        )
        for sentence_check in known
    )
    rest = tuple(each.span for each in view.sentences if each.span.start not in spans)
    return {"claims": claims, "not_checkworthy": rest, "risk": max(sentence_check.doubt for sentence_check in known)}


def _of_short_answer(response: str, view: ResponseView, short: ShortVerdict) -> dict[str, object]:
    """The verdict on an answer that was judged with its question."""
    spans = [sentence.span for sentence in view.sentences] or [Span(start=0, end=len(response))]
    span = Span(start=spans[0].start, end=spans[-1].end)
    claim = Claim(
        text=response[span.start : span.end],
        span=span,
        verdict=short.verdict,
        p_supported=1.0 - short.doubt,
        evidence=short.evidence,
        source="local",
        reason=short.reason,
    )
    return {"claims": (claim,), "risk": short.doubt}


def _claims(
    response: str, view: ResponseView, sentences: Sequence[SentenceView], prediction: Prediction
) -> tuple[Claim, ...]:
    """One claim per check-worthy sentence."""
    weakest = max(range(len(sentences)), key=lambda number: prediction.doubts[number])
    return tuple(
        _claim(
            response,
            view,
            sentence,
            doubt,
            failing=doubt >= prediction.cut or (prediction.risk >= HIGH_RISK and number == weakest),
        )
        for number, (sentence, doubt) in enumerate(zip(sentences, prediction.doubts, strict=True))
    )


def _claim(response: str, view: ResponseView, sentence: SentenceView, doubt: float, *, failing: bool) -> Claim:
    """The claim a sentence makes, with its verdict."""
    if failing and not sentence.stated:
        against = _contradiction(sentence)
        verdict = ClaimVerdict.CONTRADICTED if against else ClaimVerdict.NOT_FOUND
        reason = against or _why(sentence)
    else:
        verdict, reason = ClaimVerdict.SUPPORTED, ""
    return Claim(
        text=response[sentence.span.start : sentence.span.end],
        span=sentence.span,
        verdict=verdict,
        p_supported=1.0 - doubt,
        evidence=_evidence(view, sentence),
        source="local",
        reason=reason,
    )


def _evidence(view: ResponseView, sentence: SentenceView) -> tuple[Evidence, ...]:
    passage = sentence.alignment.passage
    return () if passage is None else (view.evidence.passages.passages[passage].where,)


def _contradiction(sentence: SentenceView) -> str:
    """What the evidence says instead, in words. Empty where nothing shows that it says anything else."""
    aligned = sentence.alignment
    if sentence.agreement.against:
        return f"the record says otherwise under '{sentence.agreement.against[:60]}'"
    if aligned.negation_differs and aligned.coverage >= CONTRADICTION_COVERAGE:
        return "the passage nearest to it says the opposite (negation)"
    if aligned.opposite and aligned.nearby >= CONTRADICTION_COVERAGE - sentence.features.replaced:
        return "the passage nearest to it says the opposite ('{}' against '{}')".format(*aligned.opposite)
    return ""


def _why(sentence: SentenceView) -> str:
    """In words: the values and words of the sentence that the evidence does not have."""
    if sentence.missing:
        named = ", ".join(f"'{value.text[:60]}'" for value in sentence.missing[:3])
        return f"{named} {'is' if len(sentence.missing) == 1 else 'are'} not in the evidence"
    if sentence.features.hours_conflict:
        return "the record gives other hours for the days it names"
    if sentence.absent:
        return "words absent from the evidence: " + ", ".join(word[:40] for word in sentence.absent[:_WORDS_NAMED])
    if sentence.alignment.value_apart >= APART:
        return "the evidence states its values, but of something else"
    return "its words occur in the evidence, but not together"
