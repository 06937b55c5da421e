"""How many examples a property is tried on: the same ones in every run, or many new ones in `make test-random`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_TIMES = int(os.environ.get("ASSAY_TEST_EXAMPLES", "1"))  # noqa: TID251  # a setting of the suite


def examples(number: int) -> int:
    """The number of examples for a property that states its own; `make test-random` tries many times as many."""
    return number * _TIMES


def load_profile() -> None:
    """Set how all properties are run: without time limits, and with the same examples each time.

    A machine that is busy makes no example fail. A run that fails, fails again. With `ASSAY_TEST_EXAMPLES=10`
    examples are drawn anew, ten times as many.
    """
    settings.register_profile(
        "suite",
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        derandomize=_TIMES == 1,
        max_examples=examples(100),
        print_blob=True,
    )
    settings.load_profile("suite")
