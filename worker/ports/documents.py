"""Rubrics and calibrations as messages name them: by the hash of their content."""

from __future__ import annotations

from typing import Protocol


class Documents(Protocol):
    """Published documents, so that every worker judges with the version a message names, whatever its disk
    holds.

    Raises (all methods):
        StateUnavailable
    """

    async def put(self, digest: str, content: str) -> None:
        """Publish a rubric or calibration under its hash."""
        ...

    async def get(self, digest: str) -> str | None:
        """A published document, or None."""
        ...
