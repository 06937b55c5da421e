"""A text's language as one name, for counting."""

from __future__ import annotations

from assay.judges.text.languages.identify import likely_languages

READ = 400
"""Characters of a text that are looked at: more of them rarely tell more, and cost as much again."""

_MOST = 3
"""Languages that may come into question. Of more nothing is known."""


def told_language(text: str) -> str | None:
    """The language of a text, e.g. `de`. Where few come into question they are named, e.g. `es/pt`. None: unknown."""
    likely = sorted(likely_languages(text[:READ]))
    return "/".join(likely) if 0 < len(likely) <= _MOST else None
