"""Everything in this folder runs a real broker and real worker processes."""

from __future__ import annotations

from pathlib import Path

import pytest

_HERE = f"{Path(__file__).parent}/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by folder, so that nobody forgets one."""
    for item in items:
        if str(item.path).startswith(_HERE):
            item.add_marker(pytest.mark.e2e)
