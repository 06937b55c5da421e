"""Every error has a row; what is outside the table is our bug and parks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from assay.judges import errors
from assay.worker.flow.retry_policy import BACKOFF_LONGEST_S, Disposition, backoff_s, policy_named, policy_of
from assay.worker.ports import state as ports
from tests.waiting import PATIENCE_S


def leaves(root: type[Exception]) -> list[type[Exception]]:
    children = [leaf for child in root.__subclasses__() for leaf in leaves(child)]
    return children or [root]


JUDGE_AND_PORT_ERRORS = [
    cls for cls in leaves(errors.EvaluationError) if cls.__module__ in (errors.__name__, ports.__name__)
]


@pytest.mark.parametrize("error", JUDGE_AND_PORT_ERRORS)
def test_every_error_of_judges_and_ports_has_a_disposition(error: type[Exception]) -> None:
    named = policy_named(error.__name__)
    assert named == policy_of(error)
    assert named.disposition is not Disposition.RETRY or named.max_attempts > 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("RateLimited", Disposition.RETRY),
        ("ModelTimeout", Disposition.RETRY),
        ("IncompleteVerdict", Disposition.RETRY),
        ("ModelAccessDenied", Disposition.RETRY),
        ("RequestRejected", Disposition.RETRY),
        ("ModelRefused", Disposition.SKIP),
        ("StoreRejected", Disposition.PARK),
        ("RubricError", Disposition.PARK),
        ("Bug:ZeroDivisionError", Disposition.PARK),
    ],
)
def test_named_errors_do_what_the_design_says(name: str, expected: Disposition) -> None:
    assert policy_named(name).disposition is expected


LATE = """
from assay.worker.flow import retry_policy
from assay.worker.stores.langfuse import client, fetch_deadline
for name in ("TimedOut", "QueryTooHeavy", "NotThere"):
    print(name, retry_policy.policy_named(name).disposition.value)
"""


def test_errors_of_modules_that_are_imported_later_are_known_by_name() -> None:
    """In an interpreter of its own: here other tests have long imported every module."""
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    assert done.stdout.splitlines() == ["TimedOut retry", "QueryTooHeavy retry", "NotThere park"]


def test_error_outside_the_table_parks() -> None:
    assert policy_of(ZeroDivisionError).disposition is Disposition.PARK


def test_backoff_grows_is_bounded_and_honours_the_provider() -> None:
    waits = [backoff_s(n) for n in range(60)]
    assert waits == sorted(waits)
    assert waits[-1] == BACKOFF_LONGEST_S
    assert backoff_s(0, retry_after_s=300) == 300
    assert backoff_s(0, retry_after_s=86_400) == BACKOFF_LONGEST_S
