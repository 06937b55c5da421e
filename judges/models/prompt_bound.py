"""The most tokens a prompt can have, told without the model's tokeniser.

A token is at least a byte, so the length in bytes is a bound, and in English more than four times the truth. Here
stretches of letters count for less, by how such tokenisers work: two neighbours that make a token together never stand
alone side by side. So letters take at most two tokens for three. A character of three or four bytes takes one less
than it has bytes where its first two make a token. A letter of two bytes that is a token takes one.

What that rests on was looked up, pair by pair, in three vocabularies in use
(tests/unit/judges/models/test_prompt_bound.py). Whoever writes the text does not get beyond it, whatever they mix. In
English it is three to four times the truth, in most other languages less.
"""

from __future__ import annotations

import codecs
import re
from itertools import repeat

from assay.judges.text.bounded_marks import normalized

_PER_REQUEST = 64
"""Tokens that a provider adds of its own: a system preamble, the frame of a function's declaration. What a chat
template puts around a message (four to ten tokens) is less than its frame in JSON counts for."""

JOINING = "abcdefghiklmnoprstuvwy"
"""Letters that make a token with each other and with a blank before them. `j`, `q`, `x` and `z` often make none."""

APART = ("gk", "wv", "yf", "yv")
"""Pairs of them that make no token."""

WHOLE_WORDS = frozenset(
    word
    for line in (
        "the of and to in is that for it was on are with as be at by this from or have not which but their has all",
        "one more will were been can other some time about there when who what two its may only into than then them",
        "these such most over our also first new after any years between through where many each both under does",
        "should during used while must before year made often without since still same even",
    )
    for word in line.split()
)
"""Words that are one token each with the blank before them. They are nearly half of the words of English text."""

WHOLE_LETTERS = (
    "ÀÁÂÃÄÇÉÍÎÐÑÓÖ×ÚÜßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýāăąćčĐđēęěğīİıłńōőœřśşšţťūůűźżžơưșț"
    "άέήίαβγδεηθικλμνοπρςστυφχωόЂАБВГДЕЗИКЛМНОПРСТУФЦЧЭЯабвгдежзийклмнопрстуфхцчшщъыьэюяёі"
    "אבדהוחילמנערשת،أإابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپکگی"
)
"""Letters of two bytes that are one token each."""

JOINED_LEADS = {
    0xE0: rb"\xa4-\xab\xae-\xba\xbc\xbd",
    0xE1: rb"\x80\x83\x9e\x9f\xba\xbb",
    0xE2: rb"\x80-\x82\x84-\x86\x88\x89\x91\x94-\x99\x9c-\x9e",
    0xE3: rb"\x80-\x83\x85",
    0xE4: rb"\xb8-\xbf",
    0xE5: rb"\x80\x81\x83\x85-\x91\x93-\x96\x9b-\x9d\x9f-\xa5\xa7\xad-\xb2\xb7-\xbf",
    0xE6: rb"\x80\x81\x83\x84\x88-\x8f\x91\x92\x94-\xa1\xa3\xa5\xac-\xbc",
    0xE7: rb"\x81\x84\x88\x89\x8e-\x90\x94\x95\x99-\x9d\xa1\xa2\xa4-\xaf\xb1\xb2\xb4\xb5\xba-\xbe",
    0xE8: rb"\x80-\x83\x87-\x8d\x8f\x90\x99\xa1-\xa3\xa6-\xaa\xad-\xb7\xbd-\xbf",
    0xE9: rb"\x80-\x83\x87\x8c\x92-\x9d\xa0-\xa3\xa6\xa9\xbb\xbe",
    0xEA: rb"\xb0-\xb3\xb5\xb7-\xb9",
    0xEB: rb"\x82\x84\x85\x8a\x8b\x8d\x8f\x90\x93\x94\x9e-\xa1\xa3\xa5-\xa7\xa9\xaa\xaf\xb0\xb2\xb3\xb6\xb8",
    0xEC: rb"\x82-\x86\x8a\x8b\x95-\x9e\xa0\xa4\xa6\xa7\xb0\xb2\xb6\xb9",
    0xED: rb"\x81\x83\x84\x8a\x8c\x95\x98\x99",
    0xEF: rb"\xb8\xbc-\xbf",
    0xF0: rb"\x9f",
}
"""First bytes of characters, each with the second bytes that make a token with it, as a pattern has them: India and
Thailand, Vietnam and Georgia, signs, kana, Chinese, Korean, wide forms, emoji."""


def _kinds() -> bytes:
    """The kind of each byte: a letter that joins, a blank, another byte of ASCII, a first byte, a further byte."""
    kinds = bytearray(b"o" * 0x80 + b"c" * 0x40 + b"2" * 0x20 + b"3" * 0x10 + b"4" * 0x10)
    for letter in JOINING.encode():
        kinds[letter] = ord("a")
    kinds[0x20] = ord("s")
    return bytes(kinds)


_KINDS = _kinds()
_APART = tuple(pair.encode() for pair in APART)
_WHOLE_WORDS = {word.encode(): 2 * len(word) for word in WHOLE_WORDS}
_WHOLE_LETTERS = codecs.charmap_build(f"\0{WHOLE_LETTERS}".ljust(256, "\ufffe"))
"""A code page of these letters alone: encoding leaves out all other characters but NUL, and is quick."""
_JOINED_LEADS = re.compile(b"|".join(b"%c[%s]" % pair for pair in JOINED_LEADS.items()))
"""The first two bytes of a character that make a token together, e.g. those of `你`."""


_COMPOSED_FIRST = re.compile(rb"[\xcc\xcd\xe0]|\xe2\xab|\xef[\xa9-\xad]|\xf0[\x91\x9d\xaf]")
"""Bytes of marks and of characters that some tokenisers put together or apart before they count, e.g. `\\u0301`."""


def prompt_bound(payload: bytes) -> int:
    """The most tokens of a request, told from its encoded body: messages, and the schema of the reply with them."""
    if payload.isascii():
        return _PER_REQUEST + _most_tokens(payload, payload.translate(_KINDS))
    text = payload.decode("utf-8", "replace")
    most = _most_beyond_ascii(text)
    if _COMPOSED_FIRST.search(payload):
        most = max(most, _most_beyond_ascii(normalized("NFC", text)))
    return _PER_REQUEST + most


def _most_beyond_ascii(text: str) -> int:
    payload = text.encode()
    kinds = payload.translate(_KINDS)
    by_bytes = 2 * kinds.count(b"2") + 3 * kinds.count(b"3") + 4 * kinds.count(b"4")
    whole = len(codecs.charmap_encode(text, "ignore", _WHOLE_LETTERS)[0]) - text.count("\0")
    return _most_tokens(payload, kinds) + by_bytes - whole - len(_JOINED_LEADS.findall(payload))


def _most_tokens(payload: bytes, kinds: bytes) -> int:
    """The most tokens that begin with a character of ASCII."""
    blanks = kinds.count(b"s") - 2 * kinds.count(b"ssss") - 4 * kinds.count(b"s" * 16)
    return kinds.count(b"o") + blanks + _most_of_letters(payload, kinds)


def _most_of_letters(payload: bytes, kinds: bytes) -> int:
    """Two tokens for each three letters of a stretch, and one more for its end. The blank before it is one of them."""
    after_blank = kinds.count(b"sa")
    stretches = after_blank + kinds.count(b"oa") + kinds.count(b"ca") + kinds.startswith(b"a")
    cuts = sum(map(payload.count, _APART))
    if not payload.isascii():  # the last token of a stretch may go on into the next character
        cuts += sum(map(kinds.count, (b"a2", b"a3", b"a4")))
    whole = sum(map(_WHOLE_WORDS.get, payload.split(b" ")[1:-1], repeat(0)))
    return (2 * kinds.count(b"a") + stretches - after_blank + cuts - whole + 2) // 3
