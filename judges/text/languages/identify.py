"""Which languages a text may be in. Short texts say little, so the answer is a set, and an empty one means unknown."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from assay.judges.text.languages.scripts import EAST_ASIAN, script
from assay.judges.text.languages.small_words import CYRILLIC, LATIN
from assay.judges.text.words import stem, surface_words

OTHER = "other"
"""Stands for a language that is surely not English and not told further."""

ENGLISH_SHARE = 0.6
"""Share of a text's words that are common English ones, from which on it is taken for English.

Of sentences in the other languages of the lists the share is below .35, of English ones with many names about .6.
"""

FOREIGN_SHARE = 0.25
"""Below this share of English words a text of some length is not English, whatever else it is."""

_LEAST_SMALL_WORDS = 2
_LEAST_WORDS = 4
_TELLING = 3
_MOST_CHARS = 4000
_FOREIGN_LETTERS = frozenset("äöüßåøæœñãõáàâéèêëíìîïóòôúùûýçčćďđěğıłńňőřśşșšťțůűźżžąęįķļņāēīūơưạảấầẩẫậắằẳẵặẹẻẽ")
"""Letters of Latin script that English words hardly have: `ø`."""

_KANA = range(0x3041, 0x30FF)
_ENGLISH = frozenset((Path(__file__).parent / "english_stems.txt").read_text(encoding="ascii").split())
"""Stems of common English words of three or more letters, without those that are small words elsewhere."""


def same_language(first: str, second: str) -> bool:
    """Whether the two texts are surely in one language. Unknown is no."""
    return bool((likely_languages(first) & likely_languages(second)) - {OTHER})


@lru_cache(maxsize=512)
def likely_languages(text: str) -> frozenset[str]:
    """Names of the languages the text may be in: `de`, or the script where it tells enough. Empty: unknown."""
    text = text[:_MOST_CHARS]
    written = script(text)
    if written is None:
        return frozenset()
    if written == EAST_ASIAN:
        return frozenset({"ja" if any(ord(char) in _KANA for char in text) else "zh"})
    if written not in ("LATIN", "CYRILLIC"):
        return frozenset({written.lower()})
    distinct = frozenset(surface_words(text))
    if written == "CYRILLIC":
        return _most_hit(distinct, CYRILLIC, least=1) or frozenset({"ru"})
    return _latin(text, distinct)


def _latin(text: str, distinct: frozenset[str]) -> frozenset[str]:
    """Languages of a text in Latin script, by small words, and by common words where they do not tell."""
    share = english_share(distinct)
    hit = _most_hit(distinct, LATIN, least=_LEAST_SMALL_WORDS)
    if "en" in hit:
        return frozenset({"en"}) if share >= FOREIGN_SHARE or len(hit) == 1 else hit - {"en"}
    foreign = not _FOREIGN_LETTERS.isdisjoint(text.lower())
    if share >= ENGLISH_SHARE and not (foreign and hit):
        return frozenset({"en"})
    if hit:
        return hit
    if foreign and share < ENGLISH_SHARE:
        return frozenset({OTHER})
    single = _most_hit(distinct, LATIN, least=1)
    if single == {"en"} and share >= FOREIGN_SHARE:
        return single
    long = sum(len(word) >= _TELLING and not word[0].isdigit() for word in distinct)
    return frozenset({OTHER}) if long >= _LEAST_WORDS and share < FOREIGN_SHARE else frozenset()


def _most_hit(distinct: frozenset[str], lists: Mapping[str, frozenset[str]], *, least: int) -> frozenset[str]:
    """The languages with most of their small words in the text: all that come near the first."""
    counts = {name: len(distinct & small) for name, small in lists.items()}
    most = max(counts.values())
    return frozenset(name for name, count in counts.items() if count >= least and 3 * count > 2 * most)


def english_share(distinct: frozenset[str]) -> float:
    """Share of the words of three or more letters that are common in English. No such word: 0."""
    telling = [word for word in distinct if len(word) >= _TELLING and not word[0].isdigit()]
    if not telling:
        return 0.0
    return sum(word in LATIN["en"] or stem(word) in _ENGLISH for word in telling) / len(telling)
