"""Whether an endpoint read only a part of a prompt: it counted fewer tokens than that has.

Ollama and others cut what does not fit their window and say nothing. Two things tell. A prompt never has fewer tokens
than words: a count below them is proof. And an endpoint counts texts of one kind alike: what it counted of short
prompts tells what a long one comes to.

A server that counts only what it had not read before is not taken for one that cuts. It shows itself by short prompts,
which no window cuts. Until some were counted whole, a count may lack what all prompts have in common.
"""

from __future__ import annotations

from typing import NamedTuple

from assay.judges.schema import Usage

_LEAST_BELIEVED = 64
"""Tokens. A count below is no count of a prompt: no server cuts one to that, but some always report 0 or 1."""

_READ_BEFORE = 1_000
"""Tokens that a server may leave out of its count because it had read them before: the instructions, which are the same
in every call. Some are seen to leave out more."""

_SHORT = 2_000
"""Tokens. Every window in use has room for a prompt below that."""

_COUNTED_WHOLE = 5
"""So many short prompts counted whole, one after the other: this server leaves nothing out."""

_LEAST_SHARE = 0.6
"""A short prompt of which less was counted than this share: the rest had been read before."""

_CUT_SHARE = 0.8
"""A prompt was cut where less was counted than this share of what is expected."""

_WINDOW_SHARE = 0.9
"""The same where the count is that of a window, or the texts are of the very same kind."""

_MOST_LEARNT = 1.2
"""How much more than usual may be expected of words: those of one language have up to this much more than another's."""

_SCRIPT_SHARE = 0.7
"""Other texts in a script have at least this share of what was counted of one: a script serves many languages."""

_ENOUGH = 600
"""So many characters beyond Latin tell how an endpoint counts their script."""

_WINDOW_STEP = 1_024
"""Windows are multiples of it, give or take two tokens of the server's own: 2,050, 4,096, 8,192."""

_AT_WINDOW = 3
"""So many prompts of different length with the same count, and none with a higher one, are no chance."""

_ALIKE = 1.05
"""Prompts of which the longest is longer than the shortest by this have different counts, if they are read whole."""

_NO_CHARACTER = bytes(byte for byte in range(256) if 0x80 <= byte < 0xC2 or not (byte > 0x7F or chr(byte).isalnum()))
"""The bytes that begin neither a letter nor a figure: signs, white space, and all but the first byte of a character."""

_CHARACTERS_PER_TOKEN = 10
"""Letters and figures. No language measured has as many to a token (tests/unit/judges/models). It tells something of
scripts without spaces between the words."""


def prompt_floor(payload: bytes) -> int:
    """The fewest tokens of a request, told from its encoded body: its words, since no token goes beyond a white space.

    In English that is about three quarters of the truth. In scripts without spaces it is a tenth of the characters.
    """
    words = len(payload.split())
    if payload.isascii():
        return words
    return max(words, len(payload.translate(None, _NO_CHARACTER)) // _CHARACTERS_PER_TOKEN)


_SCRIPTS = (
    (0xC2, 0xCC, "latin"),
    (0xCC, 0xD0, "greek"),
    (0xD0, 0xD4, "cyrillic"),
    (0xD4, 0xE0, "near east"),
    (0xE0, 0xE2, "south asia"),
    (0xE2, 0xE3, "signs"),
    (0xE3, 0xEA, "chinese"),
    (0xEA, 0xEE, "korean"),
    (0xEE, 0xF8, "wide"),
)
"""Ranges of the first bytes of characters beyond ASCII, and what is written with them."""


def _kinds() -> bytes:
    """The kind of each byte: a letter, a figure, a sign, white space, or the script that a first byte belongs to."""
    kinds = bytearray(b" " * 256)
    for byte in range(0x21, 0x7F):
        character = chr(byte)
        kinds[byte] = ord("a" if character.isalpha() else "1" if character.isdigit() else ".")
    for number, (first, end, _) in enumerate(_SCRIPTS):
        kinds[first:end] = bytes([0x80 + number]) * (end - first)
    return bytes(kinds)


_KINDS = _kinds()


class PromptText(NamedTuple):
    """What a request's text consists of.

    Attributes:
        latin: about how many tokens its words in Latin letters have, rather too few than too many, in code and tables
            too. Vocabularies hardly differ in them.
        script: what most of its other characters are written with.
        others: how many of these there are. Of their tokens each vocabulary has its own number.
    """

    latin: float
    script: str
    others: int

    def without(self, part: PromptText) -> PromptText:
        """What is left of it without a part of it."""
        return self._replace(latin=self.latin - part.latin, others=max(0, self.others - part.others))


def text_of(payload: bytes) -> PromptText:
    """What the text of an encoded body consists of."""
    kinds = payload.translate(_KINDS)
    latin = 0.23 * kinds.count(b"a") + 0.33 * kinds.count(b"1") + 0.1 * kinds.count(b".")
    if payload.isascii():
        return PromptText(latin, "", 0)
    counts = {name: kinds.count(bytes([0x80 + number])) for number, (_, _, name) in enumerate(_SCRIPTS)}
    latin += 0.23 * counts.pop("latin")
    return PromptText(latin, max(counts, key=lambda name: counts[name]), sum(counts.values()))


class PromptCounts:
    """What an endpoint counted of its prompts, and so whether it read all of one.

    Each model at an endpoint has its own. It is kept in the process, and forgotten with it.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self._latin: float | None = None
        self._scripts: dict[str, float] = {}
        self._left_out = float(_READ_BEFORE)
        self._whole = 0
        self._leaves_out = False
        self._highest = 0
        self._at_highest: set[int] = set()

    def is_cut(self, payload: bytes, usage: Usage, aside: bytes = b"") -> bool:
        """Whether the endpoint read only a part of a request. What it counted is learnt from.

        Args:
            payload: the encoded body.
            usage: as reported. A prompt of no tokens was not counted.
            aside: what of the body may not be a part of the prompt. Many servers make a grammar of a schema, which the
                model never reads. With one for each sentence that is more than the text.
        """
        counted = usage.prompt_tokens
        if counted < _LEAST_BELIEVED:
            return False
        if usage.cached_tokens:  # it counts what it had read before, and says how much that was
            self._whole = _COUNTED_WHOLE
        whole, floor = text_of(payload), prompt_floor(payload) - prompt_floor(aside)
        text = whole.without(text_of(aside))
        expected = self._expected(text)
        if max(expected, floor, text.others / 2) >= _SHORT:
            return self._is_at_window(len(payload), counted) or self._is_long_cut(floor, expected, counted)
        if counted < floor or counted < _LEAST_SHARE * expected:
            self._leaves_out, self._whole = True, 0
            self._left_out = max(self._left_out, expected - counted)
        elif not self._leaves_out:
            self._whole += 1
            self._learn(whole, counted)  # as if all were counted: so rather too little is expected
        return False

    def _expected(self, text: PromptText) -> float:
        """The tokens that are expected. Characters of which no prompt was seen count for nothing."""
        return text.latin * (self._latin or 1.0) + text.others * self._scripts.get(text.script, 0.0)

    def _learn(self, text: PromptText, counted: int) -> None:
        """Keep the fewest tokens that were counted of such text."""
        if text.others > _ENOUGH:
            each = _SCRIPT_SHARE * max(0.0, counted - text.latin * (self._latin or 1.0)) / text.others
            self._scripts[text.script] = min(each, self._scripts.get(text.script, each))
        elif text.others * 20 < text.latin:
            self._latin = min(counted / max(text.latin, 1.0), self._latin or _MOST_LEARNT)

    def _is_long_cut(self, floor: int, expected: float, counted: int) -> bool:
        is_window = counted >= _WINDOW_STEP and (counted + 2) % _WINDOW_STEP <= 4
        is_whole = self._whole >= _COUNTED_WHOLE or (is_window and not self._leaves_out)
        left_out = 0.0 if is_whole else self._left_out
        if counted + left_out < floor:
            return True
        share = _WINDOW_SHARE if is_window else _CUT_SHARE
        return counted < share * (expected - left_out)

    def _is_at_window(self, size: int, counted: int) -> bool:
        """Whether prompts of different length all came to this count, than which none was higher."""
        if counted > self._highest:
            self._highest, self._at_highest = counted, set()
        if counted < self._highest:
            return False
        if len(self._at_highest) < _AT_WINDOW:
            self._at_highest.add(size)
        return len(self._at_highest) >= _AT_WINDOW and max(self._at_highest) > _ALIKE * min(self._at_highest)


def is_cut_beside(shorter: tuple[str, int], longer: tuple[str, int]) -> bool:
    """Whether a text was cut, as another of the very same kind tells that is certainly read whole.

    Args:
        shorter: a text, and the tokens that were counted of it.
        longer: a longer one. Both must be made of the same lines.
    """
    (short, few), (long, many) = shorter, longer
    return many < _WINDOW_SHARE * few * len(long) / len(short)
