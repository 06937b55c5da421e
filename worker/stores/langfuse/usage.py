"""What a model call took, from the columns of its row: tokens, cost, and when its first token came.

The server keeps kinds of tokens apart, so that each has its price: `input` leaves out what came from a cache, and
`output` leaves out reasoning. Applications that write these columns themselves do not always: then `total` tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from assay.worker.extraction.numbers import amount, count
from assay.worker.records.traces import MOST_TOKENS, Tokens
from assay.worker.stores.langfuse.codec import moment

_INPUT = ("input", "prompt_tokens", "input_tokens")
_OUTPUT = ("output", "completion_tokens", "output_tokens")
_TOTAL = ("total", "total_tokens")
_CACHED = ("input_cached_tokens", "cache_read_input_tokens", "input_cache_read", "input_cached", "cached_tokens")
_WRITTEN = ("cache_creation_input_tokens", "cache_write_input_tokens", "input_cache_creation", "input_cache_write")
_REASONING = ("output_reasoning_tokens", "output_reasoning", "reasoning_tokens", "reasoning")
"""Keys of `usageDetails`, the server's own first."""

Row = Mapping[str, Any]


def tokens_of(row: Row) -> Tokens | None:
    """The tokens of a row; None where nobody counted them."""
    details = row.get("usageDetails")
    if not isinstance(details, dict) or not details:
        return None
    counts = {key: n for key, value in details.items() if (n := count(value)) is not None}
    apart_in = sum(counts[key] for key in _parts(counts, "input_", (*_CACHED, *_WRITTEN), _INPUT))
    apart_out = sum(counts[key] for key in _parts(counts, "output_", _REASONING, _OUTPUT))
    given, answered, total = _first(counts, _INPUT), _first(counts, _OUTPUT), _first(counts, _TOTAL)
    is_whole = total is not None and total == (given or 0) + (answered or 0)
    whole_input = _whole(given, 0 if is_whole else apart_in)
    if not whole_input:
        return None
    return Tokens(
        input=whole_input,
        cached=_first(counts, _CACHED),
        cache_write=_first(counts, _WRITTEN),
        output=_whole(answered, 0 if is_whole else apart_out),
        reasoning=_first(counts, _REASONING),
    )


def cost_of(row: Row) -> float | None:
    """The cost of a row in USD. 0 stands in the column of a model without a price, -1 where it was not asked for."""
    details = row.get("costDetails")
    parts = details if isinstance(details, dict) else {}
    told = (parts.get("total"), row.get("totalCost"), row.get("calculatedTotalCost"))
    cost = next((cost for value in told if (cost := amount(value))), None)
    return cost if cost is not None or "total" in parts else _sum_of(parts.values())


def _sum_of(parts: Iterable[Any]) -> float | None:
    """What an application told in parts alone. None where a part is no amount."""
    costs = [amount(part) for part in parts]
    known = [cost for cost in costs if cost is not None]
    return sum(known) or None if len(known) == len(costs) else None


def first_token_of(row: Row) -> datetime | None:
    """When the first token came: a moment, or seconds from the start."""
    at = moment(row.get("completionStartTime"))
    start, seconds = moment(row.get("startTime")), amount(row.get("timeToFirstToken"))
    if at is not None or start is None or seconds is None:
        return at
    try:
        return start + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _parts(counts: Mapping[str, int], prefix: str, known: Iterable[str], whole: Iterable[str]) -> set[str]:
    """Keys of kinds of tokens that are counted apart: `input_audio_tokens`, `cache_read_input_tokens`."""
    return {key for key in counts if key in known or key.startswith(prefix)} - set(whole)


def _first(counts: Mapping[str, int], keys: Iterable[str]) -> int | None:
    """The first count that is more than 0: some write a 0 under a name that they do not use. 0 where all are."""
    stated = [counts[key] for key in keys if key in counts]
    return next((count for count in stated if count), stated[0] if stated else None)


def _whole(count: int | None, apart: int) -> int | None:
    whole = None if count is None and not apart else (count or 0) + apart
    return whole if whole is None or whole <= MOST_TOKENS else None
