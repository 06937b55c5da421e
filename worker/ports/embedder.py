"""Vectors of texts by a model, for drift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Embedder(Protocol):
    """Makes vectors of texts."""

    @property
    def name(self) -> str:
        """Who made the vectors, e.g. `text-embedding-3-small@64`."""
        ...

    async def vectors(self, texts: Sequence[str]) -> Sequence[str]:
        """Vectors of at most 64 texts, as the record keeps them: base64 of 64 signed bytes.

        Whatever it raises means that there are none this time.
        """
        ...
