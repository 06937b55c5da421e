"""Exceptions in the log: readable, on one line of JSON, without local variables and without text of a trace."""

from __future__ import annotations

import traceback
from typing import Any

from assay.judges.errors import EvaluationError, redacted

MOST_FRAMES = 30
MOST_CAUSES = 8

WITHHELD = "withheld: it may quote a trace"
"""Instead of the message of an exception that is not ours: it may quote the text that it stumbled over."""


def described(error: BaseException, *, is_private: bool) -> dict[str, Any]:
    """What a log line says of an exception.

    Args:
        error: the exception.
        is_private: whether messages other than our own are withheld.

    Returns:
        `type`, `message`, `frames` (outermost first, `path:line in function`), and `cause` of the same form where
        another exception led to it.
    """
    return _described(error, is_private=is_private, depth=0)


def as_text(description: dict[str, Any]) -> str:
    """The same for a terminal, the cause first, as Python prints it."""
    before = f"{as_text(cause)}\nwhich led to\n" if (cause := description.get("cause")) else ""
    frames = "".join(f"  {frame}\n" for frame in description["frames"])
    return f"{before}{frames}{description['type']}: {description['message']}"


def _described(error: BaseException, *, is_private: bool, depth: int) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    description: dict[str, Any] = {
        "type": _name(type(error)),
        "message": _message(error, is_private=is_private),
        "frames": [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames],
    }
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and depth < MOST_CAUSES:
        description["cause"] = _described(cause, is_private=is_private, depth=depth + 1)
    if isinstance(error, BaseExceptionGroup) and depth < MOST_CAUSES:
        parts = error.exceptions[:MOST_CAUSES]
        description["group"] = [_described(part, is_private=is_private, depth=depth + 1) for part in parts]
    return description


def _message(error: BaseException, *, is_private: bool) -> str:
    is_known = isinstance(error, EvaluationError | OSError)
    return redacted(str(error)) if is_known or not is_private else WITHHELD


def _name(kind: type[BaseException]) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
