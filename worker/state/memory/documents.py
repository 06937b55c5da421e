"""Published rubrics and calibrations in the memory of one process."""

from __future__ import annotations


class MemoryDocuments:
    """`assay.worker.ports.documents.Documents` without a server."""

    def __init__(self) -> None:
        self._documents: dict[str, str] = {}

    async def put(self, digest: str, content: str) -> None:
        """Publish a document under its hash."""
        self._documents[digest] = content

    async def get(self, digest: str) -> str | None:
        """A published document, or None."""
        return self._documents.get(digest)
