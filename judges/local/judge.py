"""The judge that needs no key and no network: sentences as claims, weighed by a small model fitted on human labels."""

from __future__ import annotations

import time
from collections.abc import Sequence

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import UnjudgeableSample
from assay.judges.local.checkworthy import checkworthy, is_refusal
from assay.judges.local.features import FEATURES_VERSION, ResponseView, SentenceView, read_response
from assay.judges.local.model import LocalModel, Prediction, files_digest, load_word_weights
from assay.judges.rubric import Rubric
from assay.judges.schema import Claim, ClaimVerdict, Evidence, ResponseKind, Sample, Tier, Verdict
from assay.judges.text.blank import is_empty

HIGH_RISK = 0.5
"""Where the risk says that a person would sooner mark something than nothing, the weakest sentence is not found."""

CONTRADICTION_COVERAGE = 0.9
"""Share of a sentence's weight its passage must carry before a negation or an opposite makes a contradiction."""

APART = 0.3
"""Share of a sentence's weight that must be missing where its value stands before the value counts as misplaced."""

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
        checked = checkworthy(view.sentences)
        kept = {sentence.span.start for sentence in checked}
        base = Verdict(
            judge=self.name,
            tier=Tier.SCREEN,
            not_checkworthy=tuple(sentence.span for sentence in view.sentences if sentence.span.start not in kept),
            partial_context=view.evidence.partial,
            cost_usd=0.0,
        )
        if checked:
            prediction = self._model.read(checked, view.evidence.words)
            update: dict[str, object] = {
                "claims": _claims(view, checked, prediction),
                "risk": prediction.risk,
                "calibrated": True,
            }
        else:
            refuses = any(is_refusal(sentence.text) for sentence in view.sentences)
            update = {"kind": ResponseKind.REFUSAL if refuses else ResponseKind.NO_CLAIMS}
        return base.model_copy(update={**update, "latency_s": time.perf_counter() - began})


def _claims(view: ResponseView, sentences: Sequence[SentenceView], prediction: Prediction) -> tuple[Claim, ...]:
    """One claim per check-worthy sentence."""
    weakest = max(range(len(sentences)), key=lambda number: prediction.doubts[number])
    return tuple(
        _claim(
            view,
            sentence,
            doubt,
            failing=doubt >= prediction.cut or (prediction.risk >= HIGH_RISK and number == weakest),
        )
        for number, (sentence, doubt) in enumerate(zip(sentences, prediction.doubts, strict=True))
    )


def _claim(view: ResponseView, sentence: SentenceView, doubt: float, *, failing: bool) -> Claim:
    """The claim a sentence makes, with its verdict."""
    if failing and not sentence.stated:
        against = _contradiction(sentence)
        verdict = ClaimVerdict.CONTRADICTED if against else ClaimVerdict.NOT_FOUND
        reason = against or _why(sentence)
    else:
        verdict, reason = ClaimVerdict.SUPPORTED, ""
    return Claim(
        text=sentence.text,
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
