"""Which version of Assay this process runs."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version


@cache
def own_version() -> str:
    """As it was when the process asked first: an upgrade on the disk does not change what runs."""
    return version("assay-fleet")
