"""A judge model made of word overlap: reads the numbered prompt, writes the reply a model would."""

from __future__ import annotations

import json
import re
from typing import Any

_LINE = re.compile(r"^([ER])(\d+): (.*)$", re.MULTILINE)
_WORD = re.compile(r"\w+")
_DECLINES = re.compile(r"\b(sorry|cannot answer|can't answer|do not know|don't know|no information)\b", re.I)


def lexical_verdict(prompt: str, *, share: float = 0.6) -> str:
    """A verdict by word overlap: supported where at least `share` of the words occur in one evidence line."""
    lines: dict[str, dict[int, str]] = {"E": {}, "R": {}}
    for kind, number, text in _LINE.findall(prompt):
        lines[kind][int(number)] = text
    if lines["R"] and all(_DECLINES.search(text) for text in lines["R"].values()):
        entries = [{"not_checkworthy": n} for n in lines["R"]]
        return json.dumps({"kind": "refusal", "sentences": entries})
    evidence = {n: set(_WORD.findall(text.casefold())) for n, text in lines["E"].items()}
    entries = [_entry(n, set(_WORD.findall(text.casefold())), evidence, share) for n, text in lines["R"].items()]
    return json.dumps({"kind": "answer", "sentences": entries})


def _entry(n: int, words: set[str], evidence: dict[int, set[str]], share: float) -> dict[str, Any]:
    best = max(evidence, key=lambda e: (len(words & evidence[e]), -e), default=0)
    overlap = len(words & evidence[best]) / len(words) if best and words else 0.0
    if overlap >= share:
        return {"supported": n, "evidence": [best], "p": round(50 + 50 * overlap)}
    rest = {"severity": "material", "fragment": None, "reason": "too few of its words are in one line of evidence"}
    return {"not_found": n, "p": round(100 - 50 * overlap), **rest}
