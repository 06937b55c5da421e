"""What the application itself took for its answers: tokens and cost by prompt version, and how long people waited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from assay.worker.reporting.period.facts import Prompt, RevisionFacts
from assay.worker.reporting.period.prompts import Jump, PromptRows, furthest_jump
from assay.worker.reporting.period.quantities import usd
from assay.worker.reporting.period.records import Application, Percentiles, PromptUse
from assay.worker.signals.cost.totals import request_mean
from assay.worker.signals.traffic import Floats
from assay.worker.statistics.quantiles import weighted_quantiles

MOST_PROMPTS = 12
"""Prompt versions that are shown, those with the most traces."""


def application_of(facts: RevisionFacts, prompts: Mapping[int, Prompt]) -> Application:
    """Means and percentiles of one revision's traces, weighted by 1/pi.

    Args:
        facts: of the revision.
        prompts: the prompt of each number in them. Of very many the rarest are not known any more.
    """
    weighted = facts.weighted()
    rows = PromptRows(weighted, facts.prompts(), prompts)
    shown = rows.first_known(MOST_PROMPTS)
    uses = {at: _use(rows, at) for at in sorted({*shown, *rows.may_jump()})}
    return Application(
        prompts=tuple(uses[at] for at in shown),
        other_prompts=len(rows) - len(shown),
        jumps=tuple(jumps(tuple(uses.values()))),
        duration=_percentiles(weighted["duration_s"], weighted["pi"]),
        first_token=_percentiles(weighted["first_token_s"], weighted["pi"]),
    )


def _use(rows: PromptRows, at: int) -> PromptUse:
    name, version = rows.prompt(at)
    pi, tokens, cost = rows.of(at)
    return PromptUse(
        prompt_name=name,
        prompt_version=version,
        n=pi.size,
        tokens=request_mean(tokens, pi),
        cost_usd=request_mean(cost, pi),
        only_tokens=_only(tokens),
        only_cost_usd=_only(cost),
    )


def _only(values: Floats) -> float | None:
    """The one value that is known, where it is but one: it has no interval, and is not unknown."""
    known = values[~np.isnan(values)]
    return float(known[0]) if known.size == 1 else None


def _percentiles(seconds: Floats, pi: Floats) -> Percentiles:
    known = ~np.isnan(seconds)
    values, weights = seconds[known], pi[known]
    draws = np.arange(values.size)
    p50, p95 = weighted_quantiles(values, weights, (0.5, 0.95), clusters=draws)
    return Percentiles(n=values.size, p50=p50, p95=p95, only=_only(seconds))


def jumps(uses: Sequence[PromptUse]) -> Iterator[str]:
    """Sentences that name, for each prompt, where a version takes four times as much as another.

    Both need enough requests, and intervals that do not meet. The pair that lies furthest apart is named.
    """
    known = sorted((use for use in uses if use.prompt_version is not None), key=lambda use: use.prompt_name or "")
    for name, versions in groupby(known, key=lambda use: use.prompt_name):
        group = list(versions)
        for measure, unit in (("tokens", "tokens"), ("cost_usd", "cost")):
            jump = furthest_jump(group, measure)
            if jump is not None:
                yield _jump_words(name, jump, measure, unit)


def _jump_words(name: str | None, jump: Jump, measure: str, unit: str) -> str:
    less, more = getattr(jump.low, measure), getattr(jump.high, measure)
    shown = "{:,.0f}".format if measure == "tokens" else usd
    prompt = f"prompt {name}, version" if name else "prompt version"
    return (
        f"{prompt} {jump.high.prompt_version} takes {jump.ratio:.1f} times the {unit} of version "
        f"{jump.low.prompt_version}: {shown(more.value)} (n={more.n:,}) against {shown(less.value)} (n={less.n:,}) "
        "a request"
    )
