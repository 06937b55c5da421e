"""How a test fails that checks an answer. This module imports nothing of Assay: every pytest run looks at it."""

from __future__ import annotations

import pytest


class AnswerIsWrong(pytest.fail.Exception):  # type: ignore[name-defined,misc]
    """The judge found the answer wanting. It is told in a line: no traceback says more."""

    __module__ = "builtins"  # pytest then prints the name alone, as of its own


class AnswerIsUndecided(pytest.fail.Exception):  # type: ignore[name-defined,misc]
    """The judge gave no number. Nothing is known of the answer, so the test does not pass."""

    __module__ = "builtins"


class CheckCannotWork(pytest.fail.Exception):  # type: ignore[name-defined,misc]
    """What the check was asked for cannot be: a rubric that is unknown, a key that is missing."""

    __module__ = "builtins"
