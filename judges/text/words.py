"""Words, stems and stop words: what rules and the local judge compare texts by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from string import ascii_letters, digits
from typing import TypeVar

_WORD = re.compile(r"[㐀-䶿一-鿿぀-ヿ]|[^\W_]{1,64}(?:['’][^\W_]{1,8})?")
"""A word: `don't`, `naïve`. A CJK character is one by itself: `語`."""

_ASCII_WORD = re.compile(r"[a-zA-Z0-9]{1,64}(?:'[a-zA-Z0-9]{1,8})?")
"""The same where all is ASCII, as in most English text: `don't`. Faster, as no character's category is looked up."""

_ENDINGS = re.compile(
    r"(?:ization|isation|ational|fulness|iveness|ation|ement|ment|ness|ity|ive|ion|able|ible|al|er|or|ist)$"
)
"""The ending of a derived word: `ness` of `kindness`."""


_NEXT_WORD = re.compile(r"[\s-]{1,3}([^\W\d_]+)")
"""The word after a value, what joins the two included: `-day` after `30`, ` words` after `79`."""

_LONGEST_KEPT = 1_000
"""Characters of a text whose words are kept. A sentence is shorter."""

T = TypeVar("T")


class WordTable(dict[str, T]):
    """What a function gives for each word, kept: texts say the same words again and again.

    A dictionary, because looking up a word it knows calls no Python code. Long words are not kept, and a full table
    starts anew, so that no text can make it grow.
    """

    MOST = 65_536
    LONGEST = 40

    def __init__(self, function: Callable[[str], T]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, word: str) -> T:
        """What the function gives for a word not seen before."""
        result = self._function(word)
        if len(word) <= self.LONGEST:
            if len(self) >= self.MOST:
                self.clear()
            self[word] = result
        return result


def word_set(listed: str) -> frozenset[str]:
    """A set of the words in `listed`."""
    return frozenset(listed.split())


STOP_WORDS = word_set(
    "a an the this that these those and or but nor so yet if then else than as at by for from in into of off on "
    "onto out over to up with within without about above after again against all also am any are aren't be because "
    "been before being below between both can cannot could did do does doing down during each either etc few "
    "further had has have having he her here hers herself him himself his how however i i'm i've i'd i'll it's "
    "isn't is it its itself just let's may me might more most much must my myself neither never no not now of often "
    "only other our ours ourselves own per rather same shall she should since some such that's their theirs them "
    "themselves there there's therefore they they're thus through too under until upon us very via was wasn't we "
    "well were we're what when where whether which while who whom whose why will would you you're your yours "
    "yourself one many although though unless like get got say said s t don't doesn't didn't can't won't"
)
"""Words too common to carry a claim by themselves."""

NEGATIONS = word_set(
    "no not never none nobody nothing neither nor without cannot can't don't doesn't didn't won't isn't aren't "
    "wasn't weren't hasn't haven't hadn't wouldn't shouldn't couldn't nicht kein keine nie"
)
"""Words that turn a statement into its opposite."""


def words(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word in lower case with its offsets. A CJK character is a word of its own."""
    if text.isascii():
        # In ASCII a capital and its small letter take the same place, so that the text is lowered at once.
        return ((match[0], match.start(), match.end()) for match in _ASCII_WORD.finditer(text.lower()))
    return ((_lower(match[0]), match.start(), match.end()) for match in _WORD.finditer(text))


def stems_between(text: str, start: int, end: int) -> list[str]:
    """Stems of the words of `text[start:end]`, in order: what `words` and `stem` give, without offsets."""
    return _each_word(text[start:end], _STEMS_OF_PIECES, _STEMS)


def surface_words(text: str) -> list[str]:
    """The words of `text` in lower case, in order: what `words` gives, without offsets."""
    return list(_kept_words(text) if len(text) <= _LONGEST_KEPT else _each_word(text, _WORDS_OF_PIECES, _LOWERED))


@lru_cache(maxsize=256)
def _kept_words(text: str) -> tuple[str, ...]:
    """The words of the last texts, as the rules of one sample ask for the same sentences one by one."""
    return tuple(_each_word(text, _WORDS_OF_PIECES, _LOWERED))


def stems_of(surface: Iterable[str]) -> list[str]:
    """Stems of words that `surface_words` gave."""
    return list(map(_STEMS.__getitem__, surface))


def _each_word(text: str, of_pieces: WordTable[str], of_words: WordTable[str]) -> list[str]:
    """What a table gives for each word of the text.

    ASCII is cut by a table of bytes, which is faster than the pattern. Where one of its pieces turns out to be no word
    or several, the pattern reads the text after all.
    """
    if text.isascii():
        try:
            return list(map(of_pieces.__getitem__, text.encode().translate(_WORD_BYTES).decode().split()))
        except _NotOneWordError:
            pass
    return list(map(of_words.__getitem__, _pattern(text).findall(text)))


def word_ranges(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Offsets of the words of `text[start:end]`, in order."""
    return [match.span() for match in _pattern(text).finditer(text, start, end)]


def word_after(text: str, position: int) -> str:
    """The word in lower case that follows what ends at a position, as `words` in `79 words`. Empty where none does."""
    following = _NEXT_WORD.match(text, position)
    return following.group(1).lower() if following else ""


def _pattern(text: str) -> re.Pattern[str]:
    return _ASCII_WORD if text.isascii() else _WORD


def _lower(word: str) -> str:
    return word.lower().replace("’", "'")


class _NotOneWordError(Exception):
    """A piece between spaces is only an apostrophe, or words that one joins, or longer than a word may be."""


def _only_word(piece: str) -> str:
    """The one word of a piece of ASCII in lower case.

    Raises:
        _NotOneWordError: it holds none, or several.
    """
    matches = _ASCII_WORD.findall(piece)
    if len(matches) != 1:
        raise _NotOneWordError
    return str(matches[0])


_NOTED = {"noted": "note", "noting": "note"}
"""Words whose ending would leave a negation."""


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A crude stem of a lower-case word: inflections and common derivations share one."""
    word = _NOTED.get(word, word.removesuffix("'s"))
    if len(word) <= 3 or not word.isalpha():
        return word
    word = _uninflected(word)
    if len(word) > 6:
        shorter = _ENDINGS.sub("", word)
        word = shorter if len(shorter) >= 4 else word
    return word[:-1] if len(word) > 4 and word[-1] in "ey" else word


def _uninflected(word: str) -> str:
    """Without plural, tense and adverb endings."""
    if word.endswith(("ies", "ied")) and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-2] if word.endswith(("sses", "shes", "ches", "xes", "zes")) else word[:-1]
    for ending in ("ing", "ed", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            return word[:-1] if word[-1] == word[-2] and word[-1] not in "lsz" else word
    return word


_LOWERED = WordTable(_lower)
_STEMS = WordTable(lambda word: stem(_lower(word)))
_WORDS_OF_PIECES = WordTable(_only_word)
_STEMS_OF_PIECES = WordTable(lambda piece: stem(_only_word(piece)))
_IN_WORDS = frozenset(f"{ascii_letters}{digits}'")
_WORD_BYTES = bytes(ord(char.lower()) if char in _IN_WORDS else ord(" ") for char in map(chr, range(256)))
"""What becomes of each byte: letters in lower case, digits and apostrophes stay, all else is a space."""
