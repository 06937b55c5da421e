"""What sweeps have published under its hash: rubrics and calibrations that a worker's disk may not have."""

from __future__ import annotations

import hashlib

import structlog

from assay.worker.ports.documents import Documents

log = structlog.get_logger(__name__)


async def published(documents: Documents, digest: str) -> str | None:
    """A published document. What has another hash than it is asked for by is no such document.

    Raises:
        StateUnavailable
    """
    content = await documents.get(digest)
    if content is None or hashlib.sha256(content.encode()).hexdigest() == digest:
        return content
    log.error("document.wrong_content", asked=digest, remedy="somebody else writes to this Redis; sweep again")
    return None
