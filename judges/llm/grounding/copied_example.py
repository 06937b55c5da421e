"""Whether a model repeated an example of the instructions instead of judging, as models of a few million parameters do.

Seen with a real one of 135 million: about `It has twenty arches.` it said `E5 says 14 days`, as the example does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from assay.judges.lexical_overlap import content_terms
from assay.judges.llm.grounding.prompt import EXAMPLES
from assay.judges.llm.grounding.reply import Entry
from assay.judges.schema import Span


def _reasons() -> dict[str, frozenset[str]]:
    """The reasons in the examples, each with the words that a sentence it is about would share with it."""
    entries = [entry for example in EXAMPLES for entry in json.loads(example)["sentences"] if entry.get("reason")]
    told = {entry["reason"]: f"{entry['reason']} {entry.get('fragment') or ''}" for entry in entries}
    return {reason: frozenset(content_terms(text)) for reason, text in told.items()}


_REASONS: Mapping[str, frozenset[str]] = _reasons()
"""By reason, e.g. `E5 says 14 days`."""


def copied(entries: Iterable[Entry], response: str, sentences: Mapping[int, Span]) -> int | None:
    """The first sentence whose reason is an example's although it shares no word with it. None: there is none."""
    for entry in entries:
        words = _REASONS.get((entry.reason or "").strip())
        span = sentences[entry.n]
        if words and not words & set(content_terms(response[span.start : span.end])):
            return entry.n
    return None
