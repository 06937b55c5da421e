"""How much may be asked of a trace store in one call; the same for every store, so that callers batch once."""

from __future__ import annotations

from collections.abc import Iterable

FETCH_LIMIT = 200
"""Traces in one `fetch_traces`."""

READ_LIMIT = 100
"""Scores in one `read_scores`: what the smallest page among the supported stores holds."""


def distinct(ids: Iterable[str], *, limit: int) -> tuple[str, ...]:
    """The ids without repetition, in the order given.

    Raises:
        ValueError: there are more than `limit`. The caller must batch, so this is a bug and no store error.
    """
    unique = tuple(dict.fromkeys(ids))
    if len(unique) > limit:
        raise ValueError(f"{len(unique)} ids in one call, at most {limit} allowed")
    return unique
