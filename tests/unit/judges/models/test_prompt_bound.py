"""The bounds of a prompt's tokens, above and below, held against real tokenisers."""

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

from assay.judges.llm.grounding.prompt import INSTRUCTIONS
from assay.judges.llm.grounding.reply import REPLY_SCHEMA
from assay.judges.models import prompt_bound as module
from assay.judges.models.prompt_bound import is_prompt_cut, prompt_bound, prompt_floor
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


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", [*ARTICLE_1, *OTHER])
def test_no_text_has_fewer_tokens_than_its_floor(name: str, encoding: str) -> None:
    text = {**ARTICLE_1, **OTHER}[name] * 3
    assert prompt_floor(text.encode()) <= len(tokeniser(encoding).encode(text))


SCHEMA = json.dumps(REPLY_SCHEMA, separators=(",", ":"))


def sent(text: str) -> bytes:
    """The body of a call: instructions and schema are the same in every one."""
    messages = [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": text}]
    body = {"messages": messages, "schema": REPLY_SCHEMA}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", [*ARTICLE_1, *OTHER])
def test_no_whole_prompt_is_taken_for_a_cut_one(name: str, encoding: str) -> None:
    """Neither where all of it is counted, nor where a server leaves out what it had read before: the instructions."""
    for length in (1, 10, 60):
        text = {**ARTICLE_1, **OTHER}[name] * length
        own = len(tokeniser(encoding).encode(text))
        assert not is_prompt_cut(sent(text), own + len(tokeniser(encoding).encode(INSTRUCTIONS + SCHEMA)))
        assert not is_prompt_cut(sent(text), own)


@pytest.mark.parametrize("window", [200, 2_050, 4_096])
@pytest.mark.parametrize("name", ["English", "German", "French", "Spanish", "Russian", "Vietnamese"])
def test_prompt_cut_to_a_third_of_it_is_seen(name: str, window: int) -> None:
    """What Ollama does of what does not fit its window, without a word."""
    tokens = len(tokeniser("o200k_base").encode(ARTICLE_1[name]))
    payload = sent(ARTICLE_1[name] * (3 * max(window, 1_000) // tokens + 1))
    assert is_prompt_cut(payload, window)


@pytest.mark.parametrize("counted", [0, 1, 63])
def test_count_that_is_no_count_says_nothing(counted: int) -> None:
    assert not is_prompt_cut(sent(ARTICLE_1["English"] * 500), counted)


def test_case_of_the_report_is_seen() -> None:
    """2,050 tokens reported for 24,303 characters sent."""
    prose = (ARTICLE_1["English"] + " ") * 200
    assert is_prompt_cut(json.dumps({"messages": prose[:24_303]}).encode(), 2_050)
