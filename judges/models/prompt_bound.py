"""The most tokens a prompt can have, and the fewest, told without the model's tokeniser.

Every byte is at most one token in the tokenisers in use. So the length in bytes is a sure bound, and in English five
times the truth. Here each character counts by its kind, with what the worst text of that kind takes: 32 languages,
code, JSON, tables, identifiers, base64 and emoji, with three vocabularies that differ most in digits and in scripts
other than Latin. In English that is 2.7 times the truth, in no measured text less than it (tests/unit/judges/models).
"""

from __future__ import annotations

_UNIT = 20
"""Weights are whole numbers of a twentieth of a token: bytes are added up as integers."""

_PER_REQUEST = 64
"""Tokens that a provider adds of its own: a system preamble, the frame of a function's declaration. What a chat
template puts around a message (four to ten tokens) is less than its frame in JSON counts for."""


def _weights() -> bytes:
    """For each byte the weight of the character that begins with it. Bytes that continue one weigh nothing."""
    weight = [0.0] * 256
    for byte in range(0x80):
        character = chr(byte)
        weight[byte] = 1.15 if character.isdigit() else 0.58 if character.islower() else 1.0
    weight[0x20] = 0.1
    # Two bytes: Latin with accents; Greek and Cyrillic; Armenian, Hebrew, Arabic and further ones.
    weight[0xC2:0xCE] = [1.5] * 12
    weight[0xCE:0xD4] = [1.2] * 6
    weight[0xD4:0xE0] = [2.25] * 12
    # Three bytes: India, Thailand, Georgia, Ethiopia, typographic signs; kana, Chinese and Korean; forms.
    weight[0xE0:0xE3] = [3.25] * 3
    weight[0xE3:0xEE] = [2.0] * 11
    weight[0xEE:0xF0] = [3.25] * 2
    weight[0xF0:0xF8] = [4.25] * 8
    return bytes(round(_UNIT * each) for each in weight)


_WEIGHTS = _weights()


def prompt_bound(payload: bytes) -> int:
    """The most tokens of a request, told from its encoded body: messages, and the schema of the reply with them."""
    return _PER_REQUEST + sum(payload.translate(_WEIGHTS)) // _UNIT


_LEAST_BELIEVED = 64
"""Tokens. A count below is no count of a prompt: no server cuts one to that, but some always report 0 or 1."""

_CACHED_APART = 600
"""Tokens that a server may leave out of its count because it had read them before: the instructions, which are the same
in every call."""

_CUT_SHARE = 0.8
"""A prompt was cut where the endpoint counted less than this share of the fewest tokens it can have."""

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


def is_prompt_cut(payload: bytes, counted: int) -> bool:
    """Whether an endpoint read only a part of a request: it counted far fewer tokens than that has at least.

    Ollama and others cut what does not fit their window and say nothing. A server that counts only what it had not
    read before is not taken for one of them.

    Args:
        payload: the encoded body.
        counted: tokens of the prompt as reported. 0: none were.
    """
    if counted < _LEAST_BELIEVED:
        return False
    return counted < _CUT_SHARE * (prompt_floor(payload) - _CACHED_APART)
