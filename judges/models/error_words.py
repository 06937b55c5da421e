"""What the words of an error mean, by families of wordings: the first row that fits decides.

Words are compared in lower case, on one line, without quotes. To mend a wording, widen the row of its family or add a
row, with an example and where it was seen. Each row's example is a test. A word may stand in many errors, so a row has
words that speak against it: "tokens per minute" beside "limit" is a rate, not a window.
"""

from __future__ import annotations

from functools import lru_cache

from assay.judges.models.account_words import ACCOUNT_WORDS
from assay.judges.models.feature_words import FEATURE_WORDS
from assay.judges.models.foreign_words import FOREIGN_WORDS
from assay.judges.models.request_words import REQUEST_WORDS
from assay.judges.models.word_sign import WordSign

WORDS: tuple[WordSign, ...] = (*REQUEST_WORDS, *FOREIGN_WORDS, *ACCOUNT_WORDS, *FEATURE_WORDS)
"""All families. What a text may have caused comes before what an account may have."""

_MOST_CHARS = 2_000
"""Characters that are looked at: what is wrong is said at the beginning."""


@lru_cache(maxsize=64)
def word_signs(complaint: str) -> tuple[tuple[WordSign, str], ...]:
    """All rows that fit an error's words, the deciding one first, with what they fit."""
    text = complaint[:_MOST_CHARS]
    fitting = [(row, row.words.search(text)) for row in WORDS if not (row.unless and row.unless.search(text))]
    return tuple((row, match.group()) for row, match in fitting if match is not None)
