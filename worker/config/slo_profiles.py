"""Ready sets of objectives. Where an application has no objectives of its own yet, one of these is a beginning."""

from __future__ import annotations

from collections.abc import Mapping

from assay.worker.config.slos import Aim, CostAim, CoverageAim, Objectives, RiskAim, ScoreAim, SecondsAim, SloProfile

USUAL_PROFILE: SloProfile = "standard"
"""In force where none is named: it says nothing of speed and cost, which differ from application to application."""

_STANDARD = Objectives(
    quality=RiskAim(risk_below=0.15, share=0.95),
    faithfulness=ScoreAim(at_least=0.8, share=0.5),
    coverage=CoverageAim(within_minutes=15, share=0.99),
)
_USERS = _STANDARD.model_copy(update={"refusals": Aim(share=0.98), "feedback": Aim(share=0.8)})
"""What holds wherever people read the answers."""

_PER_QUESTION = CostAim(at_most_usd=0.015, share=0.95)
_PER_CHAIN = CostAim(at_most_usd=0.08, share=0.95)


def _p95(seconds: float) -> SecondsAim:
    return SecondsAim(at_most_s=seconds, share=0.95)


def _with(**aims: Aim) -> Objectives:
    return _USERS.model_copy(update=aims)


HIGH_STAKES = RiskAim(risk_below=0.15, share=0.99)
"""What `stakes: high` of a use case aims at, whatever its profile, unless its own objectives say otherwise."""

PROFILES: Mapping[SloProfile, Objectives] = {
    "standard": _STANDARD,
    "rag": _with(latency=_p95(2.0), cost=_PER_QUESTION),
    "chat": _with(latency=_p95(0.5), first_token=_p95(0.5), token_time=_p95(0.1), cost=_PER_QUESTION),
    "voice": _with(first_token=_p95(0.15), token_time=_p95(0.05), cost=_PER_QUESTION),
    "agent": _with(cost=_PER_CHAIN),
    "batch": _with(first_token=_p95(2.0), cost=_PER_QUESTION),
    "high-stakes": _with(quality=HIGH_STAKES),
}
