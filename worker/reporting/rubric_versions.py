"""Rubrics by the version that a ledger entry names: from this disk, or as they were published."""

from __future__ import annotations

from collections.abc import Iterable

from assay.judges.errors import RubricError
from assay.judges.rubric import Rubric, parse_rubric
from assay.worker.ports.documents import Documents


class RubricVersions:
    """Finds versions, each asked for once."""

    def __init__(self, rubrics: Iterable[Rubric], documents: Documents) -> None:
        self._known: dict[str, Rubric | None] = {rubric.content_hash(): rubric for rubric in rubrics}
        self._documents = documents

    async def get(self, digest: str) -> Rubric | None:
        """The rubric of a hash. None where it is no longer published, or cannot be read any more.

        Raises:
            StateUnavailable
        """
        if digest not in self._known:
            content = await self._documents.get(digest)
            try:
                self._known[digest] = parse_rubric(content, source=f"rubric {digest[:12]}") if content else None
            except RubricError:
                self._known[digest] = None  # of a program older or newer than this one
        return self._known[digest]
