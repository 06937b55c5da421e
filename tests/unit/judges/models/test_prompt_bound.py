"""The bound of a prompt's tokens, held against real tokenisers: no text goes beyond it."""

from __future__ import annotations

import base64
import json
import random
import re
import uuid
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.models import prompt_bound as module
from assay.judges.models.prompt_bound import APART, JOINED_LEADS, JOINING, WHOLE_LETTERS, WHOLE_WORDS, prompt_bound
from tests.unit.judges.models.human_rights import ARTICLE_1

_CHANCE = random.Random(1)
_ITEMS = {"items": [{"id": n, "name": f"item {n}", "ok": True, "x": [1.5, 2.25]} for n in range(30)]}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
OTHER = {
    "base64": base64.b64encode(_CHANCE.randbytes(600)).decode(),
    "hexadecimal": _CHANCE.randbytes(300).hex(),
    "uuids": " ".join(str(uuid.UUID(int=_CHANCE.getrandbits(128))) for _ in range(10)),
    "digits": "".join(str(_CHANCE.randrange(10)) for _ in range(500)),
    "prices and dates": "; ".join(f"${n * 37 % 9999:,}.{n % 100:02d} on 2026-{n % 12 + 1:02d}-07" for n in range(40)),
    "emoji": "👍🏽🎉😀🏳️‍🌈👩‍👩‍👧‍👦🇩🇪❤️✨" * 6,
    "code": Path(module.__file__).read_text(),
    "json": json.dumps(_ITEMS),
    "indented json": json.dumps(_ITEMS, indent=4),
    "html": "<div class=\"a-b c_d\"><span style='color:#fff'>Text &amp; more</span></div>\n" * 20,
    "markdown": "| a | b | c |\n|---|---|---|\n" + "| 1.25 | x-y | ✓ |\n" * 30,
    "capitals": "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG. " * 8,
    "formulas": "∀x∈ℝ: ∑ᵢ₌₁ⁿ αᵢ·xᵢ ≤ √(β²+γ²) ⇒ ∫₀^∞ e^{−λt} dt = 1⁄λ; ≠ ≈ ± × ÷ ∂∇",
    "addresses": "https://example.org/path/to/Resource?id=83hf7Gq_kd-92&utm_source=News%20Letter#frag-12 " * 6,
    "words of random letters": " ".join("".join(_CHANCE.choices(_LETTERS, k=n % 6 + 3)) for n in range(100)),
    "drugs": "Hydroxychloroquine, acetylsalicylic acid, dexamethasone, hepatosplenomegaly, pancreatography. " * 4,
    "spaces": ("a" + " " * 40 + "b\n") * 20,
    "short lines": "\n\n\n- x\n" * 60,
    "typography": "“It’s — he said — ‘fine’ …” • item • item™ © 2026 " * 8,
}
ENCODINGS = ("cl100k_base", "o200k_base", "voyage3_base")


@cache
def tokeniser(encoding: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of how it reads its vocabularies
        import bpe_openai
    return bpe_openai.get_encoding(encoding)


def framed(text: str) -> int:
    """The bound of a text as it stands in a request."""
    return prompt_bound(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")) - prompt_bound(b'""')


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", [*ARTICLE_1, *OTHER])
def test_no_text_has_more_tokens(name: str, encoding: str) -> None:
    text = {**ARTICLE_1, **OTHER}[name] * 3
    assert len(tokeniser(encoding).encode(text)) <= framed(text)


def _from(first: int, last: int) -> st.SearchStrategy[str]:
    return st.characters(min_codepoint=first, max_codepoint=last, exclude_categories=["Cs"])


ALPHABETS = {
    "letters": st.sampled_from(_LETTERS),
    "rare letters": st.sampled_from("qxzjkvwyfg"),
    "capitals": st.sampled_from(_LETTERS.upper()),
    "figures": st.sampled_from("0123456789"),
    "signs": st.sampled_from("!#$%&*+=<>.,;:'\"\\/|-_()[]{}"),
    "blanks": st.integers(1, 40).map(lambda count: " " * count),
    "white space": st.sampled_from(["\t", "\n", "\r\n", " ", "\u00a0", "\u3000", "\u200b"]),
    "control": _from(1, 31),
    "English": st.sampled_from(sorted(WHOLE_WORDS)),
    "words": st.sampled_from(["'s", "'ll", "the", "Cat", "ing", "paracetamol", "x.o", "a1b2", "http"]),
    "whole letters": st.sampled_from(WHOLE_LETTERS),
    "Latin extended, IPA": _from(0x80, 0x2AF),
    "combining": _from(0x300, 0x36F),
    "two bytes": _from(0x370, 0x7FF),
    "Indic": _from(0x900, 0xDFF),
    "three bytes": _from(0x800, 0x2FFF),
    "rare Chinese": _from(0x3400, 0x4DBF),
    "Chinese": _from(0x4E00, 0x9FFF),
    "Yi": _from(0xA000, 0xA4CF),
    "Korean": _from(0xAC00, 0xD7A3),
    "private, forms": _from(0xE000, 0xFFFF),
    "four bytes": _from(0x10000, 0x1FFFF),
    "music": _from(0x1D100, 0x1D1FF),
    "emoji": _from(0x1F300, 0x1F9FF),
}


@st.composite
def mixtures(draw: st.DrawFn) -> str:
    """A text of up to three alphabets, its pieces apart by nothing, a blank, or two."""
    names = draw(st.lists(st.sampled_from(sorted(ALPHABETS)), min_size=1, max_size=3, unique=True))
    apart = draw(st.sampled_from(["", " ", "  ", "\n", "\t", "|"]))
    pieces = draw(st.lists(st.one_of([ALPHABETS[name] for name in names]), min_size=1, max_size=80))
    return apart.join(pieces)


@settings(max_examples=600, deadline=None)
@given(mixtures())
def test_no_mixture_has_more_tokens(text: str) -> None:
    for encoding in ENCODINGS:
        assert len(tokeniser(encoding).encode(text)) <= framed(text)


@pytest.mark.parametrize("apart", ["", " ", "  ", "   ", "\t", "\n", " | ", ",", "."])
@pytest.mark.parametrize("name", sorted(ALPHABETS))
def test_no_alphabet_has_more_tokens(name: str, apart: str) -> None:
    """Long texts of one alphabet, as of a game's board, a table of figures or spelled-out words."""
    chance = random.Random(f"{name}{apart}")
    bounds = {"rare Chinese": (0x3400, 0x4DBF), "Chinese": (0x4E00, 0x9FFF), "Yi": (0xA000, 0xA48C)}
    bounds |= {"combining": (0x300, 0x36F), "Korean": (0xAC00, 0xD7A3), "four bytes": (0x10000, 0x1FFFF)}
    letters = {"letters": _LETTERS, "rare letters": "qxzjkvwyfg", "figures": "0123456789", "signs": "!#$%&*+=<>.,"}
    if name in bounds:
        pieces = [chr(chance.randint(*bounds[name])) for _ in range(600)]
    else:
        pieces = [chance.choice(letters.get(name, "xo.")) for _ in range(600)]
    for encoding in ENCODINGS:
        assert len(tokeniser(encoding).encode(apart.join(pieces))) <= framed(apart.join(pieces))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_the_bound_rests_on_holds(encoding: str) -> None:
    """Each pair that is said to join is looked up: so no text at all has more tokens."""
    vocabulary = set(tokeniser(encoding).token_byte_values())
    pairs = {first + second for first in f" {JOINING}" for second in JOINING} - set(APART)
    assert [pair for pair in pairs if pair.encode() not in vocabulary] == []
    assert [word for word in WHOLE_WORDS if f" {word}".encode() not in vocabulary] == []
    assert [letter for letter in WHOLE_LETTERS if letter.encode() not in vocabulary] == []
    for lead, seconds in JOINED_LEADS.items():
        joined = [bytes((lead, second)) for second in range(0x80, 0xC0) if re.match(b"[%s]" % seconds, b"%c" % second)]
        assert joined
        assert [pair for pair in joined if pair not in vocabulary] == []


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_token_that_begins_within_a_letter_takes_only_half_of_the_next(encoding: str) -> None:
    """Else letters of two bytes could take more than a token each."""
    leads = {letter.encode()[0] for letter in WHOLE_LETTERS}
    halves = [
        token
        for token in tokeniser(encoding).token_byte_values()
        if len(token) > 1 and 0x80 <= token[0] < 0xC0 and token[1] in leads and len(token) < 3
    ]
    assert halves == []


@pytest.mark.parametrize("name", ["English", "German", "French", "Spanish", "Chinese", "Japanese"])
def test_bound_is_not_far_from_the_truth(name: str) -> None:
    text = ARTICLE_1[name] * 20
    assert prompt_bound(text.encode()) <= 3.6 * len(tokeniser("o200k_base").encode(text))


def test_frame_of_messages_covers_their_template() -> None:
    """Ten tokens for each message, as the most talkative chat templates add."""
    body = {"model": "m", "messages": [{"role": "user", "content": ""}] * 50}
    assert prompt_bound(json.dumps(body, separators=(",", ":")).encode()) >= 500
