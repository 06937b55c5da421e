"""What the application itself took for its answers: tokens and cost by prompt version, and how long people waited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, permutations

import numpy as np

from assay.worker.reporting.period.facts import Floats, Prompt, RevisionFacts
from assay.worker.reporting.period.quantities import usd
from assay.worker.reporting.period.records import Application, Percentiles, PromptUse
from assay.worker.signals.cost.totals import request_mean
from assay.worker.statistics.quantiles import weighted_quantile

MOST_PROMPTS = 12
"""Prompt versions that are shown, those with the most traces."""

JUMP = 4.0
"""From so many times the tokens or cost of another version on, a version is named in a sentence."""

JUMP_NUMBER = 20
"""So many requests on both sides are asked for before a jump is named: the mean of a few is one long request."""


def application_of(facts: RevisionFacts) -> Application:
    """Means and percentiles of one revision's traces, weighted by 1/pi."""
    uses = sorted((_use(prompt, columns) for prompt, columns in facts.prompts().items()), key=lambda use: -use.n)
    weighted = facts.weighted()
    return Application(
        prompts=tuple(uses[:MOST_PROMPTS]),
        other_prompts=len(uses[MOST_PROMPTS:]),
        jumps=tuple(jumps(uses)),
        duration=_percentiles(weighted["duration_s"], weighted["pi"]),
        first_token=_percentiles(weighted["first_token_s"], weighted["pi"]),
    )


def _use(prompt: Prompt, columns: Mapping[str, Floats]) -> PromptUse:
    pi, tokens, cost = columns["pi"], columns["input_tokens"] + columns["output_tokens"], columns["cost_usd"]
    return PromptUse(
        prompt_name=prompt.name,
        prompt_version=prompt.version,
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
    p50, p95 = (weighted_quantile(values, weights, q, clusters=draws) if values.size else None for q in (0.5, 0.95))
    return Percentiles(n=values.size, p50=p50, p95=p95, only=_only(seconds))


def jumps(uses: Sequence[PromptUse]) -> Iterator[str]:
    """Sentences that name, for each prompt, where a version takes four times as much as another.

    Both need enough requests, and intervals that do not meet. The pair that lies furthest apart is named.
    """
    known = sorted((use for use in uses if use.prompt_version is not None), key=lambda use: use.prompt_name or "")
    for name, versions in groupby(known, key=lambda use: use.prompt_name):
        group = list(versions)
        for measure, unit in (("tokens", "tokens"), ("cost_usd", "cost")):
            pairs = [pair for low, high in permutations(group, 2) if (pair := _pair(low, high, measure)) is not None]
            if pairs:
                yield _jump_words(name, max(pairs, key=lambda pair: pair[0]), measure, unit)


def _pair(low: PromptUse, high: PromptUse, measure: str) -> tuple[float, PromptUse, PromptUse] | None:
    """How many times as much the second version takes, where that is a jump."""
    less, more = getattr(low, measure), getattr(high, measure)
    if less is None or more is None or min(less.n, more.n) < JUMP_NUMBER or less.value <= 0:
        return None
    ratio = more.value / less.value
    return (ratio, low, high) if ratio >= JUMP and more.low > less.high else None


def _jump_words(name: str | None, pair: tuple[float, PromptUse, PromptUse], measure: str, unit: str) -> str:
    ratio, low, high = pair
    less, more = getattr(low, measure), getattr(high, measure)
    shown = "{:,.0f}".format if measure == "tokens" else usd
    prompt = f"prompt {name}, version" if name else "prompt version"
    return (
        f"{prompt} {high.prompt_version} takes {ratio:.1f} times the {unit} of version {low.prompt_version}: "
        f"{shown(more.value)} (n={more.n:,}) against {shown(less.value)} (n={less.n:,}) a request"
    )
