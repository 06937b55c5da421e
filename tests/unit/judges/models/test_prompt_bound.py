"""The bound of a prompt's tokens, held against real tokenisers."""

from __future__ import annotations

import base64
import json
import random
import uuid
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from assay.judges.models import prompt_bound as module
from assay.judges.models.prompt_bound import prompt_bound
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


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", [*ARTICLE_1, *OTHER])
def test_no_text_has_more_tokens(name: str, encoding: str) -> None:
    text = {**ARTICLE_1, **OTHER}[name] * 3
    framed = prompt_bound(text.encode()) - prompt_bound(b"")
    assert len(tokeniser(encoding).encode(text)) <= framed


@pytest.mark.parametrize("name", ["English", "German", "French", "Spanish", "Chinese", "Japanese"])
def test_bound_is_not_far_from_the_truth(name: str) -> None:
    text = ARTICLE_1[name] * 20
    assert prompt_bound(text.encode()) <= 3.6 * len(tokeniser("o200k_base").encode(text))


def test_frame_of_messages_covers_their_template() -> None:
    """Ten tokens for each message, as the most talkative chat templates add."""
    body = {"model": "m", "messages": [{"role": "user", "content": ""}] * 50}
    assert prompt_bound(json.dumps(body, separators=(",", ":")).encode()) >= 500
