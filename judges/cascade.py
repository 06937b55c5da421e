"""The cascade: a cheap judge sees everything, an expensive one what that leaves open, a panel what the two dispute.

What is not escalated goes on all the same with the probability of the rubric's `audit_share`, drawn by hash. With both
verdicts and that probability (`Verdict.screening`) a report can say what the expensive judge would have found in all
of the traffic: two-phase sampling (Neyman 1938) with the difference estimator.

A provider that does not answer is waited for. The cheaper tier's verdict stands, marked, only where the rubric says
`on_failure: screen` and the provider was down. A text that a model declined, or broke its reply over, never comes
before the cheaper judge: whoever writes the text could choose their judge.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from assay.judges.base import Judge
from assay.judges.calibration import Calibration, CalibrationError
from assay.judges.cpu_executor import in_thread
from assay.judges.errors import CallHeld, EvaluationError, ModelAccessDenied, TransientModelError, UnjudgeableSample
from assay.judges.hash_sampling import hash64, is_below
from assay.judges.metrics import INVALID_CITATION, grounding_state, published_risk, score
from assay.judges.prices import total_cost
from assay.judges.rubric import Rubric
from assay.judges.rules import RuleSet
from assay.judges.schema import Sample, Screening, Tier, TierStep, Usage, Verdict
from assay.judges.tiers import conclude, step

CASCADE_VERSION = "1"
"""Part of the fingerprint: changed whenever a sample could take another route through the tiers."""

_AUDIT = "assay.audit.v1"


class CascadeTier(NamedTuple):
    """One tier: its judge, and the calibration of that judge's risk. No tier is calibrated by another's labels."""

    judge: Judge
    calibration: Calibration | None = None


class Routing(NamedTuple):
    """Whether a sample goes on from the first tier, and why. `pi2` is the probability with which such a one does."""

    why: Literal["escalated", "audited", "passed"]
    reason: str
    pi2: float


@dataclass
class _Passage:
    """The passage of one sample through the tiers: what was asked, concluded and spent so far."""

    sample: Sample
    rubric: Rubric
    rules: RuleSet
    steps: list[TierStep] = field(default_factory=list)
    reached: list[Verdict] = field(default_factory=list)
    spent: list[tuple[Usage, float | None, str]] = field(default_factory=list)
    degraded: bool = False

    async def ask(self, judge: Judge) -> Verdict:
        """A tier's verdict. What it took counts, also where it fails."""
        try:
            verdict = await judge.assess(self.sample, self.rubric)
        except EvaluationError as exc:
            self.spent.append((exc.usage, exc.cost_usd, exc.cost_basis))
            raise
        self.spent.append((verdict.usage, verdict.cost_usd, verdict.cost_basis))
        return verdict

    @property
    def usage(self) -> Usage:
        """What all tiers took so far."""
        return sum((usage for usage, _, _ in self.spent), start=Usage())

    @property
    def cost_usd(self) -> float | None:
        """Its price. None where a part of it is not known."""
        return total_cost(cost for _, cost, _ in self.spent)

    @property
    def cost_basis(self) -> str:
        """What the price rests on, also where only a tier that failed was paid for."""
        return "; ".join(dict.fromkeys(basis for _, _, basis in self.spent if basis))

    def add(self, verdict: Verdict) -> None:
        """A tier has given its verdict."""
        self.reached.append(verdict)

    def note(self, outcome: Literal["decided", "escalated", "audited"], reason: str) -> None:
        """What became of the latest verdict."""
        self.steps.append(step(self.sample, self.reached[-1], self.rubric, outcome, reason))


class Cascade:
    """Several judges behind the one protocol. What it returns is concluded: rules and calibrations are applied."""

    def __init__(self, tiers: Sequence[CascadeTier], rubric: Rubric) -> None:
        """Keep the tiers, from the cheapest to the most expensive.

        Raises:
            ValueError: fewer than two.
            RubricError: a rule of the rubric cannot work.
            CalibrationError: a calibration was fitted for another judge or another way of asking it.
        """
        if len(tiers) < 2:
            raise ValueError("a cascade has at least two tiers")
        for judge, calibration in tiers:
            mismatch = calibration.mismatch(rubric, judge) if calibration else None
            if mismatch:
                raise CalibrationError(f"calibration of rubric {rubric.name}: does not hold: {mismatch}")
        self._tiers = tuple(tiers)
        self._rules = RuleSet(rubric.rules, f"rubric {rubric.name}")
        parts = [[j.name, j.fingerprint, c.content_hash() if c else None] for j, c in self._tiers]
        self._fingerprint = hashlib.sha256(json.dumps([CASCADE_VERSION, parts]).encode()).hexdigest()

    @property
    def name(self) -> str:
        """`cascade`."""
        return "cascade"

    @property
    def fingerprint(self) -> str:
        """sha256 over every tier's name, fingerprint and calibration."""
        return self._fingerprint

    @property
    def judges(self) -> tuple[Judge, ...]:
        """The tiers' judges, in order."""
        return tuple(tier.judge for tier in self._tiers)

    async def assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        """Judge one sample by as many tiers as it takes. See `Judge.assess`.

        Raises:
            UnjudgeableSample: no tier can judge it.
            ModelError: a tier that was needed did not answer, and the rubric says to wait.
            CallHeld: a tier that was needed may not be asked yet.
            InvalidVerdict: a model's reply broke the format, also after the repair turn.

        Each error carries what all tiers together had spent by then, and the first tier's scores of the sample.
        """
        routing: Routing | None = None
        passage = _Passage(sample, rubric, self._rules)
        later = self._tiers[1:] if rubric.judge.stakes == "standard" else self._tiers[-1:]
        try:
            routing = await self._first(passage)
            if routing.why != "passed":
                await self._go_on(passage, later)
        except EvaluationError as exc:
            exc.usage, exc.cost_usd = passage.usage, passage.cost_usd
            # What no tier at all can judge is no gap in the later tiers' answers.
            if routing is not None and (passage.reached or not isinstance(exc, UnjudgeableSample)):
                exc.screening = _screening(passage, routing, phase2=False)
            raise
        return _final(passage, routing)

    async def close(self) -> None:
        """Close every tier's judge."""
        for judge in self.judges:
            await judge.close()

    async def _first(self, passage: _Passage) -> Routing:
        """Ask the first tier and decide whether the sample goes on."""
        judge, calibration = self._tiers[0]
        try:
            verdict = await passage.ask(judge)
        except UnjudgeableSample as exc:
            passage.steps.append(_unavailable(self._tiers[0], exc.reason))
            return Routing("escalated", exc.reason, 1.0)
        return await in_thread(_choose_route, passage, verdict, calibration)

    async def _go_on(self, passage: _Passage, later: Sequence[CascadeTier]) -> None:
        """Ask one tier after the other until one decides."""
        for number, tier in enumerate(later):
            try:
                verdict = await passage.ask(tier.judge)
            except EvaluationError as exc:
                if not _is_outage(exc) or passage.rubric.judge.on_failure == "wait" or not passage.reached:
                    raise
                passage.steps.append(_unavailable(tier, type(exc).__name__))
                passage.degraded = True
                passage.note("decided", "on_failure: screen")
                return
            if await in_thread(_settled, passage, verdict, tier, is_last=number == len(later) - 1):
                return


def _is_outage(error: EvaluationError) -> bool:
    """Whether the provider is down, or the account. A limit or a budget without room is none: it is waited for.

    Access that is refused for a reason nobody knows is none either: the text may be the reason.
    """
    if isinstance(error, CallHeld):
        return error.reason in {"breaker", "access"}
    if isinstance(error, ModelAccessDenied):
        return error.reach != "unclear"
    return isinstance(error, TransientModelError)


def _choose_route(passage: _Passage, verdict: Verdict, calibration: Calibration | None) -> Routing:
    """Conclude the first tier's verdict and decide whether the sample goes on."""
    passage.add(conclude(passage.sample, verdict, passage.rules, calibration))
    routing = _route(passage)
    passage.note("decided" if routing.why == "passed" else routing.why, routing.reason)
    return routing


def _route(passage: _Passage) -> Routing:
    """The rule: what must go on does. Of the rest, the audit share does, by hash."""
    plan = passage.rubric.judge
    reason = _must_go_on(passage)
    if reason:
        return Routing("escalated", reason, 1.0)
    risk = published_risk(passage.sample, passage.reached[-1], passage.rubric)
    settled = "no risk applies" if risk is None else f"risk {risk:.3g} outside {_band(passage.rubric)}"
    if is_below(hash64(f"{_AUDIT}:{passage.rubric.name}", passage.sample.id), plan.audit_share):
        return Routing("audited", f"{settled}; drawn for the audit at {plan.audit_share:g}", plan.audit_share)
    return Routing("passed", settled, plan.audit_share)


def _must_go_on(passage: _Passage) -> str:
    """Why the first tier's verdict does not settle the sample. Empty where it does."""
    sample, rubric, verdict = passage.sample, passage.rubric, passage.reached[-1]
    when = rubric.judge.escalate_when
    if rubric.judge.stakes == "high":
        return "high stakes"
    risk, state = published_risk(sample, verdict, rubric), grounding_state(sample, verdict)
    if risk is not None and when.risk_between[0] <= risk <= when.risk_between[1]:
        return f"risk {risk:.3g} within {_band(rubric)}"
    fired = next((hit.rule for hit in verdict.rule_hits if hit.rule != INVALID_CITATION), "")
    if when.rule_hits and fired:
        return f"rule {fired} fired"
    return f"state {state.value}" if state in when.states else ""


def _settled(passage: _Passage, verdict: Verdict, tier: CascadeTier, *, is_last: bool) -> bool:
    """Conclude a later tier's verdict. False where the next tier has to decide between it and the one before."""
    passage.add(conclude(passage.sample, verdict, passage.rules, tier.calibration))
    dispute = "" if is_last else _dispute(passage)
    passage.note("escalated" if dispute else "decided", dispute or _why_decided(passage))
    return not dispute


def _dispute(passage: _Passage) -> str:
    """How the latest two verdicts disagree. Empty where they agree, or disagreement is no reason to go on."""
    when = passage.rubric.judge.escalate_when
    if not when.disagreement or len(passage.reached) < 2:
        return ""
    before, after = (published_risk(passage.sample, verdict, passage.rubric) for verdict in passage.reached[-2:])
    names = [verdict.judge for verdict in passage.reached[-2:]]
    flags = [_flags(passage, verdict) for verdict in passage.reached[-2:]]
    if flags[0] != flags[1]:
        flagging, passing = names if flags[0] else names[::-1]
        return f"{flagging} flags it, {passing} does not"
    if before is not None and after is not None and abs(before - after) >= when.risk_apart:
        return f"{names[0]} and {names[1]} lie {abs(before - after):.2g} apart"
    return ""


def _why_decided(passage: _Passage) -> str:
    """In words, how the deciding tier's verdict stands to the one before."""
    if len(passage.reached) < 2:
        return "the only tier that could judge it"
    before, last = passage.reached[-2:]
    agrees = _flags(passage, before) == _flags(passage, last)
    relation = f"{'agrees with' if agrees else 'overrules'} {before.judge}"
    return f"{relation}: {last.explanation}" if last.votes else relation


def _flags(passage: _Passage, verdict: Verdict) -> bool:
    """Whether a verdict fails the response at the rubric's high cut. One without a risk does not."""
    risk = published_risk(passage.sample, verdict, passage.rubric)
    return risk is not None and risk >= passage.rubric.risk_labels.high


def _final(passage: _Passage, routing: Routing) -> Verdict:
    """The deciding verdict with its path, its first phase, and what all tiers took together."""
    verdicts = passage.reached
    later = len(verdicts) > (1 if passage.steps[0].outcome != "unavailable" else 0)
    return verdicts[-1].model_copy(
        update={
            "path": tuple(passage.steps),
            "screening": _screening(passage, routing, phase2=later),
            "usage": passage.usage,
            "cost_usd": passage.cost_usd,
            "cost_basis": passage.cost_basis,
            "latency_s": sum(verdict.latency_s for verdict in verdicts),
            "degraded": passage.degraded,
        }
    )


def _screening(passage: _Passage, routing: Routing, *, phase2: bool) -> Screening:
    """The first phase: no scores where the first tier could not judge the sample."""
    first = passage.reached[0] if passage.steps[0].outcome != "unavailable" else None
    scores = score(passage.sample, first, passage.rubric)[0] if first else {}
    return Screening(scores=dict(scores), pi2=routing.pi2, why=routing.why, phase2=phase2)


def _unavailable(tier: CascadeTier, reason: str) -> TierStep:
    """A tier that gave no verdict. The reason is a class or a short word: a provider's message may quote the text."""
    kind = {"local": Tier.SCREEN, "panel": Tier.PANEL, "decision": Tier.DECISION}.get(tier.judge.name, Tier.LLM)
    return TierStep(tier=kind, judge=tier.judge.name, outcome="unavailable", reason=reason)


def _band(rubric: Rubric) -> str:
    low, high = rubric.judge.escalate_when.risk_between
    return f"{low:g}–{high:g}"
