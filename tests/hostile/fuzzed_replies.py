"""Replies no judge model should give: a valid one, broken in every way the suite could think of, from a seed."""

from __future__ import annotations

import base64
import codecs
import html
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, get_args

from tests.hostile.wire_format import Word, entry, reply

Mutation = Callable[[str, Random], str]
"""Breaks a reply, or leaves it whole where there is nothing to break."""

_JUNK: Sequence[Any] = (
    *(None, True, False, 0, -1, 1.5, 1e308, -0.0, 10**18, 10**40, float("nan"), float("inf"), float("-inf")),
    *("", "x", "1", "null", "\x00", "\ud800", "\u202e", "supported", "SUPPORTED", "é" * 300, "[1]", "NaN"),
    *([], {}, [[]], [None], [True], ["1"], [1.0], [-1], [10**30], {"n": 1}, [[1]], {"": {}}, [{}] * 3),
)
_LITERALS = ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "0x10", "1_000", "01", "1.", ".5", "+1", "9" * 5000)
_WRONG_WORDS = ("belegt", "étayé", "支持", "مدعوم", "да", "supported.", " supported", "Supported", "suppported", "yes")


def valid(numbers: Sequence[int], lines: int, random: Random) -> str:
    """A reply that keeps to the format, with arbitrary verdicts."""
    words = get_args(Word)
    entries = []
    for n in numbers:
        word = random.choice(words)
        cited = [random.randint(1, lines + 1) for _ in range(random.randint(0, 3))] if word != "not_found" else []
        entries.append(entry(n, word, cited, p=random.randint(0 if random.random() < 0.1 else 50, 100)))
    return reply(entries)


def truncated(text: str, random: Random) -> str:
    """Cut off somewhere."""
    return text[: random.randint(0, len(text))]


def headless(text: str, random: Random) -> str:
    """Without its beginning."""
    return text[random.randint(0, len(text)) :]


def bytes_changed(text: str, random: Random) -> str:
    """A few bytes replaced, dropped or doubled."""
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(random.randint(1, 4)):
        if data:
            place = random.randrange(len(data))
            data[place : place + random.randint(0, 2)] = random.randbytes(random.randint(0, 2))
    return data.decode("utf-8", random.choice(("replace", "surrogateescape", "ignore")))


def _nodes(data: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value that holds something, as (container, key)."""
    keys: Sequence[Any] = list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    return [place for key in keys for place in [(data, key), *_nodes(data[key])]]


def _edited(text: str, random: Random, edit: Callable[[Any, Any, Random], None]) -> str:
    """The reply with one node changed; a text that is no JSON stays."""
    try:
        data = json.loads(text)
        places = _nodes(data)
    except (ValueError, RecursionError):
        return text
    if places:
        edit(*random.choice(places), random)
    return json.dumps(data, ensure_ascii=random.random() < 0.5)


def node_replaced(text: str, random: Random) -> str:
    """One value of another type."""
    return _edited(text, random, lambda holder, key, rng: holder.__setitem__(key, rng.choice(_JUNK)))


def node_dropped(text: str, random: Random) -> str:
    """One key or item missing."""
    return _edited(text, random, lambda holder, key, _: holder.__delitem__(key))


def node_repeated(text: str, random: Random) -> str:
    """One item of a list twice, or one key under another name."""

    def repeat(holder: Any, key: Any, rng: Random) -> None:
        if isinstance(holder, list):
            holder.insert(rng.randint(0, len(holder)), holder[key])
        else:
            holder[rng.choice(("score", "verdicts", key.upper(), key + " ", "", "__proto__"))] = holder[key]

    return _edited(text, random, repeat)


def key_twice(text: str, random: Random) -> str:
    """The same key twice in one object."""
    place = text.find("{", random.randint(0, max(0, len(text) - 1)))
    key = random.choice(("n", "verdict", "kind", "sentences", "p"))
    return text if place < 0 else f'{text[: place + 1]}"{key}":1,{text[place + 1 :]}'


def literal(text: str, random: Random) -> str:
    """A number written as JSON does not allow, or as no float can hold."""
    digits = [place for place, char in enumerate(text) if char.isdigit()]
    if not digits:
        return text
    place = random.choice(digits)
    return text[:place] + random.choice(_LITERALS) + text[place + 1 :]


def wrong_language(text: str, random: Random) -> str:
    """A verdict in other words."""
    return text.replace(random.choice(get_args(Word)), random.choice(_WRONG_WORDS))


def wrapped(text: str, random: Random) -> str:
    """Words, fences and markup around the object."""
    form = random.choice(
        (
            *("Here you are: @", "@\nI hope this helps!", "```json\n@\n```", "```\n@```", "````json\n@\n````"),
            *("Sure.\n```json\n@\n```\nDone.", "<think>hm</think>@", "<think>@", "<json>@</json>", "\ufeff@"),
            *("[@]", '"@"', "@@", "@\n@", "@]", "(@)", "@,", "// @\n@", "data: @", "\x00@\x00", "'@'"),
            *('{"reply":@}', "{@}", "\u200b@", "verdict = @;", "\x1b[1m@\x1b[0m", "@" + " " * 5000, "null @"),
        )
    )
    return form.replace("@", text)


def other_syntax(text: str, random: Random) -> str:
    """Nearly JSON: other quotation marks, trailing commas, comments, Python's words."""
    old, new = random.choice(
        (
            *(('"', "'"), ('"', "“"), ("}", ",}"), ("]", ",]"), (":", "="), (",", ";"), (",", ","), ("null", "None")),
            *(("{", "{ // note\n"), ("[", "[ /* none */ "), ('"', '\\"'), ("{", "｛"), (" ", "\u00a0"), (" ", "\n")),
        )
    )
    return text.replace(old, new)


def recoded(text: str, random: Random) -> str:
    """The whole in another encoding."""
    raw = text.encode("utf-8", "replace")
    return random.choice(
        (
            lambda: base64.b64encode(raw).decode(),
            lambda: codecs.encode(text, "rot13"),
            lambda: html.escape(text),
            lambda: raw.hex(" "),
            lambda: raw.decode("latin-1"),
            lambda: text.encode("utf-16-le", "replace").decode("latin-1"),
            lambda: json.dumps(text),
            lambda: text[::-1],
            text.upper,
        )
    )()


def swollen(text: str, random: Random) -> str:
    """Very long or very deep."""
    size = random.choice((1_000, 20_000, 1_100_000)) if random.random() < 0.08 else 1_000
    return random.choice(
        (
            lambda: text + " " * size,
            lambda: text + "x" * size,
            lambda: "[" * size + text,
            lambda: '{"a":' * size + text + "}" * size,
            lambda: text.replace('"not_found"', '"not_found","reason":"' + "a" * size + '"', 1),
            lambda: text * max(2, size // (len(text) + 1)),
        )
    )()


def replaced(text: str, random: Random) -> str:
    """Something else altogether."""
    return random.choice(
        (
            *("", " ", "\n\n", "null", "true", "0", "{}", "[]", '""', "[[]]", "NaN", "{", "}", '{"', "\\", "\ud800"),
            *("I cannot judge this.", "I'm sorry, but I can't help with that.", "Todo está bien.", "判定：支持。"),
            *('{"error":"overloaded"}', "<html><body>502</body></html>", "data: [DONE]", '{"kind":"answer"}'),
            *('{"kind":"refusal","sentences":[]}', '{"sentences":{}}', '{"kind":[],"sentences":"none"}'),
        )
    )


MUTATIONS: tuple[Mutation, ...] = (
    *(truncated, headless, bytes_changed, node_replaced, node_dropped, node_repeated, key_twice, literal),
    *(wrong_language, wrapped, other_syntax, recoded, swollen, replaced),
)


def fuzzed(numbers: Sequence[int], lines: int, random: Random) -> str:
    """One fuzzed reply: valid once in twenty times, else broken in one to three ways."""
    text = valid(numbers, lines, random)
    if random.random() < 0.05:
        return text
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        text = random.choice(MUTATIONS)(text, random)
    return text
