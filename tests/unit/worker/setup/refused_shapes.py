"""Outputs of applications by themselves: those that are no answer, and those that hold one under a key of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.unit.worker.setup.foreign_shapes import Row

Output = Callable[[Row], Any]


def _why(row: Row) -> str:
    return f"The customer asks about this: {row.question.rstrip('?')} number {len(row.question)}."


def around(output: Any, row: Row, *, has_call: bool, is_wrapped: bool) -> dict[str, Any]:
    """A trace's content, with the model call that wrote the output or without, and in an HTTP reply's string or not."""
    written = json.dumps(output, ensure_ascii=False)
    call = {
        "type": "generation",
        "name": "llm",
        "input": [{"role": "user", "content": row.question}],
        "output": written,
    }
    shown = {"http": {"status": 200, "body": written}} if is_wrapped else output
    return {"input": row.question, "output": shown, "steps": [call] if has_call else []}


JUDGEMENTS: dict[str, Output] = {
    "label": lambda row: {"label": "guarantee", "explanation": _why(row)},
    "score": lambda row: {"score": 4, "justification": _why(row)},
    "choice": lambda row: {"choice": "A", "rationale": _why(row)},
    "because": lambda row: {"choice": "A", "because": _why(row)},
    "grade": lambda row: {"grade": "B", "critique": _why(row)},
    "verdict": lambda row: {"verdict": "pass", "comment": _why(row)},
    "assessment": lambda row: {"score": 2, "assessment": _why(row)},
    "passed": lambda row: {"pass": True, "details": _why(row)},
    "grounded": lambda row: {"is_grounded": True, "details": _why(row)},
    "valid": lambda row: {"valid": False, "issues": [_why(row)]},
    "route": lambda row: {"route": "kb", "reason": _why(row)},
    "unknown_key": lambda row: {"route": "kb", "zq": _why(row)},
    "moderation": lambda row: {"flagged": False, "categories": {"hate": False}, "zq": _why(row)},
    "winner": lambda row: {"winner": "A", "feedback": _why(row)},
    "german": lambda row: {"kategorie": "versand", "begruendung": _why(row)},
    "finnish": lambda row: {"luokka": "x", "perustelu": _why(row)},
    "chinese": lambda row: {"label": "x", "理由": _why(row)},
}
"""What classifiers, graders and routers give back."""
CALLS: dict[str, Output] = {
    "tool": lambda row: {"tool": "mail", "args": {"body": _why(row)}},
    "action": lambda row: {"action": "mail", "action_input": {"body": _why(row)}},
    "tool_calls": lambda row: {"tool_calls": [{"name": "mail", "args": {"body": _why(row)}}]},
    "written": lambda row: {"function_call": {"name": "mail", "arguments": json.dumps({"body": _why(row)})}},
    "parameters": lambda row: {"name": "mail", "parameters": {"zq": _why(row)}},
    "query": lambda row: {"sql": "select years from g", "note": _why(row)},
}
"""What a model hands to a tool."""
FAILURES: dict[str, Output] = {
    "error": lambda row: {"error": {"type": "x", "zq": _why(row)}},
    "status": lambda row: {"status": "error", "zq": _why(row)},
    "success": lambda row: {"success": False, "zq": _why(row)},
    "thought": lambda row: {"zq": f"<think>{_why(row)}"},
    "plan": lambda row: {"next": "kb", "thought": _why(row)},
    "documents": lambda row: [{"page_content": text, "metadata": {}} for text in row.passages],
    "title": lambda row: {"title": _why(row)},
}
"""What an application gave back where it had no answer."""
ANSWERS: dict[str, Output] = {
    "key": lambda row: {"bot_says": row.answer, "latency": 3},
    "card": lambda row: {"card": {"headline": "Help", "paragraph": row.answer}},
    "status": lambda row: {"status": "ok", "zq": row.answer},
    "error": lambda row: {"error": None, "zq": row.answer},
    "decision_beside": lambda row: {"nlu": {"intent": "faq", "score": 0.9}, "bot_says": row.answer},
    "call_beside": lambda row: {"trace": {"tool": "kb", "args": {"q": "x y z"}}, "zq": row.answer},
    "documents_beside": lambda row: {"zq": row.answer, "hits": [{"zz": text} for text in row.passages]},
    "explained": lambda row: {"zq": row.answer, "explanation": _why(row)},
    "blocks": lambda row: {"ui": {"blocks": [{"kind": "p", "md": row.answer}]}},
    "speaker": lambda row: [{"speaker": "bot", "utterance": row.answer}],
}
"""What holds an answer under a key that nobody knows."""
