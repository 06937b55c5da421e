"""How many tokens an answer says it took, in the spellings in use."""

from __future__ import annotations

from assay.judges.schema import Usage


def read_usage(usage: object) -> Usage:
    """Tokens as reported. They are zero where the server reports none; the price table then says "unknown"."""
    if not isinstance(usage, dict):
        return Usage(calls=1)
    prompt, completion = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    prompted, written = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    reasoned = _count(completion.get("reasoning_tokens")) if isinstance(completion, dict) else 0
    # Some servers count reasoning beside the completion, not in it. Their total tells. It is paid for either way.
    is_beside = _count(usage.get("total_tokens")) == prompted + written + reasoned
    return Usage(
        calls=1,
        prompt_tokens=prompted,
        cached_tokens=_count(prompt.get("cached_tokens")) if isinstance(prompt, dict) else 0,
        completion_tokens=written + reasoned if is_beside else written,
        reasoning_tokens=reasoned,
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
