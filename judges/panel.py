"""The panel: several models of different families judge the same sample at once, and their votes are counted.

Votes are counted on each sentence of the response. The sentences are ours (`statements`), so all members speak of
the same ones. A panel removes what one model gets wrong by chance, not what its members get wrong together (Verga et
al. 2024, arXiv 2404.18796, on panels of different model families).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, median
from typing import Literal, NamedTuple

from assay.judges.base import Judge
from assay.judges.cpu_executor import in_thread
from assay.judges.errors import (
    CallHeld,
    ConfigurationError,
    EvaluationError,
    InvalidVerdict,
    ModelAccessDenied,
    PermanentModelError,
    TransientModelError,
    UnjudgeableSample,
)
from assay.judges.metrics import judged_risk
from assay.judges.panel_spending import member_rubrics
from assay.judges.prices import total_cost
from assay.judges.rubric import Rubric
from assay.judges.schema import (
    Claim,
    ClaimVerdict,
    PanelVote,
    ResponseKind,
    Sample,
    Severity,
    Span,
    Tier,
    Usage,
    Verdict,
)
from assay.judges.text.form import statements

PANEL_VERSION = "2"
"""Part of the fingerprint: changed whenever the same votes could give another verdict."""

_BADNESS = {ClaimVerdict.SUPPORTED: 0, ClaimVerdict.NOT_FOUND: 1, ClaimVerdict.CONTRADICTED: 2}
_SEVERITIES = tuple(Severity)
_GRAVEST = (
    ConfigurationError,
    UnjudgeableSample,
    TransientModelError,
    CallHeld,
    ModelAccessDenied,
    InvalidVerdict,
    PermanentModelError,
)
"""A failed call comes before one that was not let go: it uses an attempt, so that a panel is not asked for ever. What
waiting or a person may mend comes before what a text may have caused."""


class _Member(NamedTuple):
    """One member's verdict, and by sentence the claim it makes there (None: nothing to check)."""

    verdict: Verdict
    claims: Sequence[Claim | None]


class PanelJudge:
    """Judges by the votes of several judges. More than half of them, and at least two, must answer."""

    def __init__(self, members: Mapping[str, Judge], *, decide: Literal["majority", "median"] = "majority") -> None:
        """Keep the members, each under the name its vote goes by.

        Raises:
            ValueError: fewer than two.
        """
        if len(members) < 2:
            raise ValueError("a panel has at least two members")
        self._members = dict(members)
        self._decide = decide
        parts = [PANEL_VERSION, decide, [member.fingerprint for member in members.values()]]
        self._fingerprint = hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def name(self) -> str:
        """`panel`."""
        return "panel"

    @property
    def fingerprint(self) -> str:
        """sha256 over the members' fingerprints and how their votes are counted."""
        return self._fingerprint

    @property
    def quorum(self) -> int:
        """How many members must answer."""
        return max(2, len(self._members) // 2 + 1)

    async def assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        """Judge one sample. See `Judge.assess`. What all members take is planned before the first call of any.

        Raises:
            UnjudgeableSample: it takes more than the rubric allows. Nobody was asked.
            EvaluationError: too few members answered: the error that waiting may mend, if there is one. It says what
                all members together had spent. A member whose call is held counts as one that does not answer. For
                one whose answer comes with a batch the panel waits: it is asked for and paid.
        """
        answers = await self._ask_all(sample, rubric)
        verdicts = [answer for answer in answers if isinstance(answer, Verdict)]
        errors = [answer for answer in answers if not isinstance(answer, Verdict)]
        batched = [error for error in errors if isinstance(error, CallHeld) and error.reason == "batch"]
        if len(verdicts) < self.quorum or batched:
            gravest = min(batched or errors, key=_gravity)
            gravest.usage, gravest.cost_usd = _spent(answers)
            gravest.cost_basis = _joined((answer.cost_basis for answer in answers), "; ")
            raise gravest
        return await in_thread(self._count, sample, rubric, answers)

    async def close(self) -> None:
        """Close every member."""
        for member in self._members.values():
            await member.close()

    async def _ask_all(self, sample: Sample, rubric: Rubric) -> list[Verdict | EvaluationError]:
        """Every member's answer, in order. Whatever ends this early ends the other members' calls too."""
        rubrics = await in_thread(member_rubrics, self._members, sample, rubric)
        asks = [self._ask(member, sample, rubrics[name]) for name, member in self._members.items()]
        tasks = [asyncio.ensure_future(ask) for ask in asks]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, member: Judge, sample: Sample, rubric: Rubric) -> Verdict | EvaluationError:
        """One member's verdict or its failure. An error outside the tree is our bug, and stops the panel."""
        try:
            return await member.assess(sample, rubric)
        except ConfigurationError:
            raise
        except EvaluationError as exc:
            return exc

    def _count(self, sample: Sample, rubric: Rubric, answers: Sequence[Verdict | EvaluationError]) -> Verdict:
        """Merge the members' verdicts into one."""
        sentences = statements(sample.response)
        verdicts = [answer for answer in answers if isinstance(answer, Verdict)]
        members = [_Member(verdict, _by_sentence(verdict, sentences)) for verdict in verdicts]
        merged = [self._sentence(sample, span, [m.claims[n] for m in members]) for n, span in enumerate(sentences)]
        flags = [_risk(verdict) >= rubric.risk_labels.high for verdict in verdicts]
        reason = _review_reason(flags)
        served = [verdict.model_served or verdict.model_requested for verdict in verdicts]
        usage, cost_usd = _spent(answers)
        unjudged = tuple(dict.fromkeys(span for verdict in verdicts for span in verdict.unjudged))
        silent = [span for span, claim in zip(sentences, merged, strict=True) if claim is None]
        return Verdict(
            judge=self.name,
            tier=Tier.PANEL,
            kind=_kind(verdicts, has_claims=any(merged)),
            claims=tuple(claim for claim in merged if claim is not None),
            not_checkworthy=tuple(span for span in silent if not _is_within(span, unjudged)),
            unjudged=unjudged,
            risk=self._risk_stated(verdicts),
            votes=tuple(_vote(name, answer) for name, answer in zip(self._members, answers, strict=True)),
            needs_review=bool(reason),
            review_reason=reason,
            explanation=f"{sum(flags)} of {len(flags)} members flag it, they differ on {_differing(members)} sentences",
            partial_context=any(verdict.partial_context for verdict in verdicts),
            prompt_cut=any(verdict.prompt_cut for verdict in verdicts),
            rejected_evidence=sum(verdict.rejected_evidence for verdict in verdicts),
            usage=usage,
            cost_usd=cost_usd,
            cost_basis=_joined((answer.cost_basis for answer in answers), "; "),
            latency_s=max(verdict.latency_s for verdict in verdicts),
            model_requested=", ".join(verdict.model_requested or verdict.judge for verdict in verdicts),
            model_served=", ".join(name for name in served if name),
            system_fingerprint=_joined((verdict.system_fingerprint for verdict in verdicts), ", ") or None,
        )

    def _sentence(self, sample: Sample, span: Span, claims: Sequence[Claim | None]) -> Claim | None:
        """What the members together say of one sentence. None where most find nothing to check in it.

        A tie goes against the sentence, whatever the probabilities: half of the members found no support for it. A
        sentence that fell is never the likelier to be supported, however sure those were that were outvoted.
        """
        stated = [claim for claim in claims if claim is not None]
        if 2 * len(stated) < len(claims) or not stated:
            return None
        chances = [_p(claim) for claim in stated]
        p = median(chances) if self._decide == "median" else fmean(chances)
        support = sum(claim.verdict is ClaimVerdict.SUPPORTED for claim in stated)
        holds = 2 * support > len(stated) and (self._decide == "majority" or p > 0.5)
        verdict = ClaimVerdict.SUPPORTED if holds else _commonest_failure(stated)
        p = p if holds else min(p, 0.5)
        agreeing = [claim for claim in stated if claim.verdict is verdict]
        first = agreeing[0] if agreeing else stated[0]
        why = f": {first.reason}" if agreeing and first.reason else ""
        return Claim(
            text=sample.response[span.start : span.end],
            span=span,
            verdict=verdict,
            p_supported=None if all(claim.p_supported is None for claim in stated) else p,
            severity=max((claim.severity for claim in agreeing or stated), key=_SEVERITIES.index),
            evidence=first.evidence if agreeing else (),
            source=self.name,
            reason=f"{len(agreeing)} of {len(claims)} members say so{why}",
        )

    def _risk_stated(self, verdicts: Sequence[Verdict]) -> float | None:
        """Mean or median of the members' own risks. None where one states none: then the claims give it."""
        stated = [verdict.risk for verdict in verdicts if verdict.kind is ResponseKind.ANSWER]
        risks = [risk for risk in stated if risk is not None]
        if not risks or len(risks) < len(stated):
            return None
        risks += [0.0] * (len(verdicts) - len(stated))
        return median(risks) if self._decide == "median" else fmean(risks)


def _is_within(sentence: Span, parts: Sequence[Span]) -> bool:
    """Whether a sentence lies in a part that nobody judged: then it was not found to say nothing."""
    return any(part.start <= sentence.start and sentence.end <= part.end for part in parts)


def _spent(answers: Sequence[Verdict | EvaluationError]) -> tuple[Usage, float | None]:
    """What all members took, also those that failed."""
    usage = sum((answer.usage for answer in answers), start=Usage())
    return usage, total_cost(answer.cost_usd for answer in answers)


def _joined(words: Iterable[str | None], mark: str) -> str:
    """Each of the words once, in order. Those that say nothing are left out."""
    return mark.join(dict.fromkeys(word for word in words if word))


def _vote(name: str, answer: Verdict | EvaluationError) -> PanelVote:
    if not isinstance(answer, Verdict):
        return PanelVote(model=name, error=type(answer).__name__)
    risk = judged_risk(answer) if answer.kind is ResponseKind.ANSWER else None
    return PanelVote(model=name, served=answer.model_served, risk=risk)


def _by_sentence(verdict: Verdict, sentences: Sequence[Span]) -> list[Claim | None]:
    """The worst claim that touches each sentence. None where the member declined or found nothing to check."""
    worst: list[Claim | None] = [None] * len(sentences)
    ends = [span.end for span in sentences]
    for claim in verdict.claims if verdict.kind is ResponseKind.ANSWER else ():
        # Sentences are in order. The first that ends behind the claim's start is the first that the claim touches.
        n = bisect_right(ends, claim.span.start)
        while n < len(sentences) and sentences[n].start < claim.span.end:
            worst[n] = claim if (other := worst[n]) is None else max(other, claim, key=_badness)
            n += 1
    return worst


def _badness(claim: Claim) -> tuple[int, float]:
    return _BADNESS[claim.verdict], -_p(claim)


def _p(claim: Claim) -> float:
    """Probability of support. Certain where the member states none, as for the risk of claims."""
    if claim.p_supported is not None:
        return claim.p_supported
    return 1.0 if claim.verdict is ClaimVerdict.SUPPORTED else 0.0


def _commonest_failure(claims: Sequence[Claim]) -> ClaimVerdict:
    """Contradicted only where more members say so than say that nothing was found: it is the stronger statement."""
    counts = Counter(claim.verdict for claim in claims)
    contradicted = counts[ClaimVerdict.CONTRADICTED] > counts[ClaimVerdict.NOT_FOUND]
    return ClaimVerdict.CONTRADICTED if contradicted else ClaimVerdict.NOT_FOUND


def _risk(verdict: Verdict) -> float:
    """A member's own risk. A member that sees no answer flags nothing."""
    return judged_risk(verdict) if verdict.kind is ResponseKind.ANSWER else 0.0


def _review_reason(flags: Sequence[bool]) -> str:
    """Why a person should look: the vote was tied or hung on one member. Empty where it was clearer than that."""
    flagging = sum(flags)
    passing = len(flags) - flagging
    if not flagging or not passing or abs(flagging - passing) > 1:
        return ""
    return f"the panel is split: {flagging} of {len(flags)} members flag it"


def _differing(members: Sequence[_Member]) -> str:
    """`k of n`: on how many sentences the members do not all say the same."""
    columns = list(zip(*(member.claims for member in members), strict=True))
    differ = sum(len({claim.verdict if claim else None for claim in column}) > 1 for column in columns)
    return f"{differ} of {len(columns)}"


def _kind(verdicts: Sequence[Verdict], *, has_claims: bool) -> ResponseKind:
    """An answer if the vote left any claim, else what most members took it for. A tie makes it a refusal."""
    if has_claims:
        return ResponseKind.ANSWER
    refusals = sum(verdict.kind is ResponseKind.REFUSAL for verdict in verdicts)
    return ResponseKind.REFUSAL if refusals and 2 * refusals >= len(verdicts) else ResponseKind.NO_CLAIMS


def _gravity(error: EvaluationError) -> int:
    """Which error stands for several: what waiting may mend comes before what it will not."""
    return next((n for n, kind in enumerate(_GRAVEST) if isinstance(error, kind)), len(_GRAVEST))
