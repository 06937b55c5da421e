"""Regular expressions that a team writes, searched in hostile text: compiled once, and bounded in time."""

from __future__ import annotations

from functools import lru_cache

import regex

from assay.judges.errors import EvaluationError, RubricError
from assay.judges.text.composed import composed_expression

SEARCH_TIMEOUT_S = 0.25
"""Longest search of one pattern over one text. A pattern that backtracks for longer is a mistake in the rubric."""


_ANY_TEXTS = ("", "a", "7, \u03a9!")
"""Texts that no pattern has in mind. What matches all of them matches the empty string in any."""


class PatternTimeout(EvaluationError):
    """A pattern took too long on this text: there is neither a hit nor a pass, so the sample is parked."""


@lru_cache(maxsize=512)
def compiled(expression: str) -> regex.Pattern[str]:
    """The compiled expression, in NFC as the texts are that it is searched in.

    Raises:
        regex.error
    """
    return regex.compile(composed_expression(expression))


def check_expression(expression: str, source: str, key: str) -> None:
    """Check that an expression compiles.

    Raises:
        RubricError: it does not. The error names source and key.
    """
    try:
        compiled(expression)
    except RecursionError as exc:
        raise RubricError(source, key, "not a regular expression (nested too deeply); make it flatter") from exc
    except (regex.error, ValueError, OverflowError) as exc:
        raise RubricError(source, key, f"not a regular expression ({exc}); mend it or escape it") from exc


def check_telling(expression: str, source: str, key: str) -> None:
    """Check that an expression compiles and that not every text matches it, as `x*` and `foo|` do.

    Raises:
        RubricError: names source and key.
    """
    check_expression(expression, source, key)
    if all(compiled(expression).search(text, timeout=SEARCH_TIMEOUT_S) for text in _ANY_TEXTS):
        raise RubricError(source, key, f"{expression[:80]!r} matches every text, even an empty one; make it say more")


def search(expression: str, text: str, *, rule: str, limit: int | None = 1) -> list[regex.Match[str]]:
    """Up to `limit` matches of an expression in a text, the first ones.

    Raises:
        PatternTimeout: the search took longer than `SEARCH_TIMEOUT_S`.
    """
    matches: list[regex.Match[str]] = []
    try:
        for match in compiled(expression).finditer(text, timeout=SEARCH_TIMEOUT_S):
            matches.append(match)
            if limit is not None and len(matches) >= limit:
                break
    except TimeoutError as exc:
        raise PatternTimeout(
            f"{rule} took over {SEARCH_TIMEOUT_S} s on a text of {len(text):,} characters; make it less ambiguous"
        ) from exc
    return matches
