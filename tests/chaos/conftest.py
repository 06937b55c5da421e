"""Everything in this folder runs whole fleets under fire: short forms of `benchmarks/fire`, with its audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fire.fleet import Fire, fire

_HERE = f"{Path(__file__).parent}/"

StartFire = Callable[..., Fire]

QUICK = {"ASSAY_RECONCILE_EVERY_S": "2", "ASSAY_VERIFY_EVERY_S": "1", "ASSAY_HISTORY_EVERY_S": "1"}
"""Shorter than usual: a test waits for each of these."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by folder, so that nobody forgets one."""
    for item in items:
        if str(item.path).startswith(_HERE):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture
def start_fire(tmp_path: Path) -> Iterator[StartFire]:
    """A deployment with broker and judge; its fleet is started by the test. Takes what `fire` takes."""
    with ExitStack() as stack:
        make: Callable[..., AbstractContextManager[Fire]] = partial(fire, tmp_path / "d", whole=False)

        def start(*, env: Mapping[str, str] | None = None, **options: Any) -> Fire:
            return stack.enter_context(make(env={**QUICK, **(env or {})}, **options))

        yield start
