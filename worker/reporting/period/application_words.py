"""What a report says of the application itself: what a request takes, and how long people wait."""

from __future__ import annotations

from collections.abc import Iterator

from assay.worker.reporting.period.quantities import usd, usd_number
from assay.worker.reporting.period.records import Application, Percentiles, PromptUse, RevisionReport
from assay.worker.reporting.period.words import Line

NO_USE = "not known: no trace tells tokens or cost"


def percentile_words(percentiles: Percentiles) -> str:
    """Half of the requests and 19 in 20: `p50 1.20 s (1.10–1.31), p95 4.80 s (4.10–5.60), n=313`."""
    if not percentiles.n:
        return "not known: no trace tells it"
    if percentiles.only is not None:
        return f"{percentiles.only:.2f} s, of the one request that tells it"
    parts = [
        f"{name} {point.value:.2f} s ({point.low:.2f}–{point.high:.2f})"
        for name, point in (("p50", percentiles.p50), ("p95", percentiles.p95))
        if point is not None
    ]
    return ", ".join([*parts, f"n={percentiles.n:,}"])


def prompt_name(use: PromptUse) -> str:
    """A prompt and its version: `answer v12`, or that the traces do not tell."""
    if use.prompt_version is None:
        return use.prompt_name or "unknown"
    return f"{use.prompt_name} {use.prompt_version}" if use.prompt_name else use.prompt_version


def prompt_words(use: PromptUse) -> str:
    """What a request takes: `1,830 tokens (1,790–1,870, n=300), 0.002100 USD (0.002050–0.002150, n=300)`."""
    told = f"{_tokens_words(use)}, {_cost_words(use)}"
    known = (use.tokens, use.cost_usd, use.only_tokens, use.only_cost_usd)
    return told if any(value is not None for value in known) else f"{told} (n={use.n:,})"


def _tokens_words(use: PromptUse) -> str:
    tokens = use.tokens
    if tokens is not None:
        return f"{tokens.value:,.0f} tokens ({tokens.low:,.0f}–{tokens.high:,.0f}, n={tokens.n:,})"
    return "tokens not known" if use.only_tokens is None else f"{use.only_tokens:,.0f} tokens (one request)"


def _cost_words(use: PromptUse) -> str:
    cost = use.cost_usd
    if cost is not None:
        return f"{usd(cost.value)} ({usd_number(cost.low)}–{usd_number(cost.high)}, n={cost.n:,})"
    return "cost not known" if use.only_cost_usd is None else f"{usd(use.only_cost_usd)} (one request)"


def application_lines(row: RevisionReport) -> Iterator[Line]:
    """What the application took, by prompt version, and how long people waited."""
    application = row.application
    if is_use_known(application):
        yield from _prompt_lines(application)
    else:
        yield Line("a request takes", NO_USE)
    yield Line("duration", percentile_words(application.duration))
    yield Line("first token", percentile_words(application.first_token))


def is_use_known(application: Application) -> bool:
    """Whether any trace tells tokens or cost."""
    return any(
        value is not None
        for use in application.prompts
        for value in (use.tokens, use.cost_usd, use.only_tokens, use.only_cost_usd)
    )


def _prompt_lines(application: Application) -> Iterator[Line]:
    for number, use in enumerate(application.prompts):
        yield Line("a request takes" if number == 0 else "", f"{prompt_name(use)}: {prompt_words(use)}")
    if application.other_prompts:
        yield Line("", other_prompts_words(application.other_prompts))


def other_prompts_words(count: int) -> str:
    """How many prompt versions are not shown: those with the fewest traces."""
    return f"and {count:,} more prompt {'version' if count == 1 else 'versions'}"
