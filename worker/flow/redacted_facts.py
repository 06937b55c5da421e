"""Facts of a trace without private values: names that people give may hold an address."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from assay.judges.errors import UnjudgeableSample
from assay.judges.redaction.placeholders import Placeholders
from assay.judges.redaction.policy import Redaction
from assay.judges.redaction.redact import redacted_text
from assay.worker.records.facts import TraceFacts

_NAMES = (
    *("release", "version", "prompt_name", "prompt_version", "trace_name", "level"),
    *("feature", "user_tier"),
    *("model_asked", "model_served", "provider", "finish_reason"),
)
"""Facts that are names, e.g. `trace_name`. The application writes all of them, models and reasons too."""


def redacted_facts(facts: TraceFacts, redaction: Redaction) -> TraceFacts:
    """The facts with placeholders. Sessions and environments keep an id of their own: rates are told by them.

    A fact whose private values cannot be found for certain is not known.
    """
    if redaction.is_empty:
        return facts
    changes: dict[str, object] = {name: _redacted(getattr(facts, name), redaction) for name in _NAMES}
    tags = (_redacted(tag, redaction) for tag in facts.tags)
    changes["tags"] = tuple(tag for tag in tags if tag is not None)
    changes["session_id"] = redacted_id(facts.session_id, redaction)
    changes["environment"] = redacted_id(facts.environment, redaction)
    return facts.model_copy(update=changes)


def _redacted(text: str | None, redaction: Redaction) -> str | None:
    if text is None:
        return None
    try:
        return redacted_text(text, redaction, Placeholders((text,))).text
    except UnjudgeableSample:
        return None


def redacted_id(written: str | None, redaction: Redaction) -> str | None:
    """An id as it is, or a digest of it where it holds a private value, e.g. `redacted-3f2a9c0b17de`."""
    if written is None or _redacted(written, redaction) == written:
        return written
    return f"redacted-{hashlib.sha256(written.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


@lru_cache(maxsize=256)
def redacted_environment(name: str, redaction: Redaction) -> str:
    """An environment as it is, or such a digest, which stores take as a name of one. There are few of them."""
    return redacted_id(name, redaction) or name
