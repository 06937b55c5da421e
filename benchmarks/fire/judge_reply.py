"""The reply our grounding prompt needs, as cheap as can be: a sentence that stands in the evidence is supported."""

from __future__ import annotations

import json
import re
from typing import Any

_LINE = re.compile(r"^([ER])(\d+): (.*)$", re.MULTILINE)
"""A numbered line of the prompt: `E12: The bridge was opened in 1932.`"""

_MARKER = re.compile(r"mk\d{7}x")
"""What our traces carry in question, evidence and answer, e.g. `mk0000123x`."""


def marker_of(prompt: str) -> str:
    """The marker of the trace that a prompt is about; empty where it has none."""
    match = _MARKER.search(prompt)
    return match.group() if match else ""


def verdict(prompt: str) -> str:
    """Each sentence supported by the line that holds it word by word, else not found."""
    evidence: dict[str, int] = {}
    entries: list[dict[str, Any]] = []
    for kind, number, text in _LINE.findall(prompt):
        if kind == "E":
            evidence.setdefault(text, int(number))
            continue
        line = evidence.get(text) or next((n for said, n in evidence.items() if text in said), None)
        entries.append(_supported(int(number), line) if line else _not_found(int(number)))
    return json.dumps({"kind": "answer", "sentences": entries}, separators=(",", ":"))


def _supported(number: int, line: int) -> dict[str, Any]:
    return {"supported": number, "evidence": [line], "p": 97}


def _not_found(number: int) -> dict[str, Any]:
    return {"not_found": number, "p": 95, "severity": "material", "fragment": None, "reason": "no evidence on letters"}


def completion(text: str, model: str, prompt_tokens: int, completion_tokens: int) -> bytes:
    """A chat completion as OpenAI words it."""
    return json.dumps(
        {
            "id": "chatcmpl-fire",
            "object": "chat.completion",
            "created": 0,
            "model": model,
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"},
            ],
            "usage": {
                "prompt_tokens": prompt_tokens,
                "completion_tokens": completion_tokens,
                "total_tokens": prompt_tokens + completion_tokens,
            },
        }
    ).encode()
