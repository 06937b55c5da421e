"""A prompt that an endpoint cut is seen, and a whole one never taken for cut, held against real tokenisers."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from functools import cache

import pytest

from assay.judges.llm.grounding.prompt import INSTRUCTIONS
from assay.judges.llm.grounding.reply import REPLY_SCHEMA
from assay.judges.models.prompt_cut import PromptCounts, is_cut_beside, prompt_floor, text_of
from assay.judges.schema import Usage
from tests.unit.judges.models.human_rights import ARTICLE_1
from tests.unit.judges.models.test_prompt_bound import ENCODINGS, OTHER, tokeniser

SCHEMA = json.dumps(REPLY_SCHEMA, separators=(",", ":"))
TEXTS = {**ARTICLE_1, **OTHER}
WORDS = ["harbour", "museum", "tide", "garden", "sailor", "roof", "window", "evening", "station", "journey", "ticket"]


@cache
def counted(name: str, encoding: str, times: int = 1) -> int:
    return len(tokeniser(encoding).encode((TEXTS[name] + " ") * times))


@cache
def instructions(encoding: str) -> int:
    return len(tokeniser(encoding).encode(INSTRUCTIONS + SCHEMA))


def sent(text: str) -> bytes:
    """The body of a call: instructions and schema are the same in every one."""
    messages = [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": text}]
    body = {"messages": messages, "schema": REPLY_SCHEMA}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def used(tokens: int, cached: int = 0) -> Usage:
    return Usage(calls=1, prompt_tokens=tokens, cached_tokens=cached)


def told(
    counts: PromptCounts, name: str, times: int, encoding: str, *, window: int = 10**9, whole: bool = True
) -> bool:
    """What is told of a text sent so many times over, by a server with this window, or one that counts what is new."""
    tokens = counted(name, encoding, times) + (instructions(encoding) if whole else 0)
    return counts.is_cut(sent((TEXTS[name] + " ") * times), used(min(tokens, window)))


def times_for(name: str, encoding: str, tokens: int) -> int:
    return max(1, round(tokens / counted(name, encoding)))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", TEXTS)
def test_no_text_has_fewer_tokens_than_its_floor(name: str, encoding: str) -> None:
    assert prompt_floor((TEXTS[name] * 3).encode()) <= len(tokeniser(encoding).encode(TEXTS[name] * 3))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", TEXTS)
def test_no_text_has_fewer_tokens_than_its_latin_part_is_taken_for(name: str, encoding: str) -> None:
    assert text_of((TEXTS[name] * 3).encode()).latin <= len(tokeniser(encoding).encode(TEXTS[name] * 3))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", TEXTS)
def test_no_whole_prompt_is_taken_for_a_cut_one(name: str, encoding: str) -> None:
    """Neither by a process that knows nothing yet, nor by one that has learnt, nor of a server that counts the rest."""
    for whole in (True, False):
        learning = PromptCounts()
        for tokens in (300, 700, 400, 5_000, 12_000, 3_000, 600, 7_000):
            times = times_for(name, encoding, tokens)
            assert not told(PromptCounts(), name, times, encoding, whole=whole)
            assert not told(learning, name, times, encoding, whole=whole)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "names",
    [
        ("English", "Chinese", "code"),
        ("German", "English", "markdown"),
        ("French", "json", "Russian"),
        ("Japanese", "Chinese", "English"),
        ("html", "drugs", "English"),
        ("uuids", "English", "digits"),
    ],
)
def test_texts_of_many_kinds_at_one_endpoint_raise_no_alarm(names: Sequence[str], encoding: str) -> None:
    chance = random.Random(str(names))
    for whole in (True, False):
        counts = PromptCounts()
        for _ in range(60):
            name = chance.choice(names)
            times = times_for(name, encoding, chance.choice([200, 500, 1_000, 2_500, 6_000, 15_000]))
            assert not told(counts, name, times, encoding, whole=whole), name


@pytest.mark.parametrize("window", [200, 2_050, 4_096])
@pytest.mark.parametrize("name", ["English", "German", "French", "Spanish", "Russian", "Vietnamese"])
def test_prompt_cut_to_a_third_of_it_is_seen(name: str, window: int) -> None:
    """What Ollama does of what does not fit its window, without a word."""
    times = times_for(name, "o200k_base", 3 * max(window, 1_000))
    assert told(PromptCounts(), name, times, "o200k_base", window=window)


@pytest.mark.parametrize("words", [4_000, 4_469, 4_919, 5_819])
def test_cut_at_4096_is_seen_at_the_first_call(words: int) -> None:
    """English of which a window of 4,096 takes less than nine tenths."""
    chance = random.Random(words)
    text = " ".join(chance.choice(WORDS) for _ in range(words))
    whole = len(tokeniser("o200k_base").encode(text)) + instructions("o200k_base")
    assert whole > 1.15 * 4_096
    assert PromptCounts().is_cut(sent(text), used(4_096))
    assert not PromptCounts().is_cut(sent(text), used(whole))


def test_count_below_the_words_is_proof_once_the_server_counts_all() -> None:
    counts = PromptCounts()
    assert not any(told(counts, "English", 10 + n, "o200k_base") for n in range(6))
    text = "tide " * 3_000
    assert counts.is_cut(sent(text), used(prompt_floor(sent(text)) - 1))


def test_cached_tokens_among_the_count_tell_that_it_is_whole() -> None:
    text = "tide " * 3_000
    below = prompt_floor(sent(text)) - 1
    assert not PromptCounts().is_cut(sent(text), used(below))
    assert PromptCounts().is_cut(sent(text), used(below, cached=500))


@pytest.mark.parametrize("name", ["Chinese", "Japanese", "Korean", "Thai", "Hindi", "Arabic"])
def test_cut_of_other_scripts_is_seen_once_short_prompts_were_counted(name: str) -> None:
    counts = PromptCounts()
    for tokens in (700, 800, 900):
        assert not told(counts, name, times_for(name, "o200k_base", tokens), "o200k_base")
    assert told(counts, name, times_for(name, "o200k_base", 9_000), "o200k_base", window=4_096)


def test_prompts_of_different_length_with_the_same_highest_count_are_cut() -> None:
    """A window that is no round number, and too little cut off for anything else to tell."""
    chance = random.Random(3)
    told_of = []
    counts = PromptCounts()
    for words in (2_950, 3_100, 3_300, 3_200):
        text = " ".join(chance.choice(WORDS) for _ in range(words))
        told_of.append(counts.is_cut(sent(text), used(3_777)))
    assert told_of == [False, False, True, True]


@pytest.mark.parametrize("tokens", [0, 1, 63])
def test_count_that_is_no_count_says_nothing(tokens: int) -> None:
    assert not PromptCounts().is_cut(sent(ARTICLE_1["English"] * 500), used(tokens))


@pytest.mark.parametrize("is_counted", [False, True])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_schema_that_no_model_reads_is_no_prompt(encoding: str, *, is_counted: bool) -> None:
    """A server of llama.cpp makes a grammar of it: sixteen of 62 verdicts of a real one were taken for cut."""
    counts = PromptCounts()
    for sentences in (3, 2, 9, 5, 12, 40, 20):
        schema = {"properties": {f"R{n}": REPLY_SCHEMA for n in range(sentences)}}
        text = (ARTICLE_1["English"] + " ") * sentences
        messages = [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": text}]
        aside = json.dumps({"response_format": schema}, separators=(",", ":"))
        body = json.dumps({"messages": messages, "response_format": schema}, separators=(",", ":"))
        read = INSTRUCTIONS + text + (aside if is_counted else "")
        tokens = len(tokeniser(encoding).encode(read))
        assert not counts.is_cut(body.encode(), used(tokens), aside.encode())
        if len(tokeniser(encoding).encode(text)) > 4_096:
            assert counts.is_cut(body.encode(), used(2_048), aside.encode())


def test_case_of_the_report_is_seen() -> None:
    """2,050 tokens reported for 24,303 characters sent."""
    prose = (ARTICLE_1["English"] + " ") * 200
    assert PromptCounts().is_cut(json.dumps({"messages": prose[:24_303]}).encode(), used(2_050))


def test_text_of_the_very_same_kind_tells_of_a_small_cut() -> None:
    def lines(count: int) -> tuple[str, int]:
        text = "\n".join(f"Day {day}: the tide at the harbour stood {day % 7} feet high." for day in range(count))
        return text, len(tokeniser("o200k_base").encode(text)) + 12

    short, (long, tokens) = lines(100), lines(600)
    assert not is_cut_beside(short, (long, tokens))
    assert is_cut_beside(short, (long, round(0.85 * tokens)))
