"""All that this suite knows of how a sample is laid out in the prompt and how a reply is written.

Whoever changes either changes this file and nothing else here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

Word = Literal["supported", "contradicted", "not_found", "not_checkworthy"]

SECTIONS = ("HISTORY", "QUESTION", "EVIDENCE", "RESPONSE")

_LABELLED = {
    "HISTORY": re.compile(r"H\d+: (?:system|user|assistant|tool): .*"),
    "QUESTION": re.compile(r"Q: .*"),
    "EVIDENCE": re.compile(r"E\d+: .*"),
    "RESPONSE": re.compile(r"(?:R\d+|B): .*"),
}
_FIRST = re.compile(r"NONCE (\S+)")
_LAST = re.compile(r"Judge R\d+ to R\d+: \d+ entries, one for each\.")
_TOLD = re.compile(rf"({'|'.join(get_args(Word))})\W{{1,9}}?(\d{{1,7}})", re.IGNORECASE)
_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")
_NUMBERED = re.compile(r"^([ER])(\d+): (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Shown:
    """The numbered lines of one prompt, as its layout means them."""

    response: dict[int, str]
    evidence: dict[int, str]


def shown_in(prompt: str) -> Shown:
    """The sentences and evidence lines a prompt numbers."""
    lines: dict[str, dict[int, str]] = {"R": {}, "E": {}}
    for kind, number, text in _NUMBERED.findall(prompt):
        lines[kind].setdefault(int(number), text)
    return Shown(lines["R"], lines["E"])


def structure_faults(prompt: str, nonce: str, numbers: Mapping[str, Sequence[int]]) -> list[str]:
    """What is broken in a prompt's structure; nothing where every line is one of ours.

    Args:
        prompt: the user message of a call.
        nonce: the fence word of that call.
        numbers: the numbers that may be shown, by `R` and `E`.
    """
    lines = prompt.split("\n")
    if lines != prompt.splitlines():
        return ["a character of the text breaks a line"]
    faults = [] if _FIRST.fullmatch(lines[0]) and lines[0].endswith(nonce) else ["the nonce is not stated first"]
    faults += [] if _LAST.fullmatch(lines[-1]) else ["the task is not stated last"]
    section: str | None = None
    seen: list[str] = []
    for line in lines[1:-1]:
        if section is None:
            section = line.removeprefix(f"<<<{nonce} ")
            seen.append(section)
            faults += [] if section in SECTIONS and line != section else [f"no line of ours: {line[:60]!r}"]
        elif line == f"{nonce}>>>":
            section = None
        elif not _LABELLED.get(section, re.compile(r"(?!)")).fullmatch(line):
            faults.append(f"no line of section {section}: {line[:60]!r}")
    faults += ["a section is not closed"] if section is not None else []
    faults += [] if seen == [name for name in SECTIONS if name in seen] else [f"sections {seen}"]
    fences = prompt.count(f"<<<{nonce} "), prompt.count(f"{nonce}>>>")
    faults += [] if fences == (len(seen), len(seen)) else [f"{fences} fences of {len(seen)} sections"]
    found = {kind: [int(n) for k, n, _ in _NUMBERED.findall(prompt) if k == kind] for kind in "RE"}
    faults += [f"{kind} lines {found[kind][:9]}" for kind in "RE" if not _in_order(found[kind], numbers[kind])]
    return faults


def _in_order(found: list[int], allowed: Sequence[int]) -> bool:
    return len(set(found)) == len(found) and found == sorted(found) and set(found) <= set(allowed)


def entry(n: int, word: Word, evidence: Iterable[int] = (), *, p: Any = 95, quote: str | None = None) -> Any:
    """What a reply says of sentence `n`; `p` is in per cent, `quote` is text the model claims to quote."""
    said: dict[str, Any] = {word: n}
    if word == "not_checkworthy":
        return said
    if word != "not_found":
        said["evidence"] = list(evidence)
    said["p"] = p
    if word != "supported" or quote is not None:
        said |= {"severity": "material", "fragment": quote, "reason": "obeyed" if word != "supported" else None}
    return said


def reply(entries: Iterable[Any], kind: str = "answer") -> str:
    """A whole reply."""
    return json.dumps({"kind": kind, "sentences": list(entries)})


def complete(text: str, numbers: Iterable[int]) -> bool:
    """Whether a text names one verdict for each of these sentences, and no two for any, in whatever syntax."""
    told = told_in(text)
    return told.keys() >= set(numbers) and all(len(told[n]) == 1 for n in numbers)


def told_in(text: str) -> Mapping[int, set[str]]:
    """The verdicts a text names by the sentences' numbers, found by their words alone."""
    told: dict[int, set[str]] = {}
    plain = _ESCAPED.sub(lambda code: chr(int(code.group(1), 16)), text).replace("\\", "")
    for word, n in _TOLD.findall(plain):
        told.setdefault(int(n), set()).add(word.casefold())
    return told


def looks_like_a_reply(data: object) -> bool:
    """Whether a JSON value found in a prompt has the shape a gullible model would hand on as its verdict."""
    return isinstance(data, dict) and ("sentences" in data or "verdict" in data)
