"""What stands in a cell: texts, lists written as text, yes and no."""

from __future__ import annotations

import ast
import io
import json
import math
import tokenize
from collections.abc import Iterator
from typing import Any

from assay.worker.extraction import documents
from assay.worker.extraction.messages import messages_of

_YES = {"1", "true", "yes", "y", "ja", "si", "sí", "oui"}
_NO = {"0", "false", "no", "n", "nein", "non"}
_WRONG = {
    *("hallucinated", "hallucination", "wrong", "incorrect", "not correct", "unfaithful", "not faithful"),
    *("ungrounded", "not grounded", "bad", "fail", "failed"),
}
_RIGHT = {
    *("faithful", "correct", "right", "not wrong", "grounded", "good", "pass", "passed", "ok"),
    *("not hallucinated", "no hallucination"),
}
"""Words that say what became of the answer, whatever the column is called."""

_LONGEST_LIST = 1_000_000


def text_of_cell(value: Any) -> str:
    """The text of a cell; empty where it holds nothing (also `nan`, as data frames write it)."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "" if text.strip().lower() in {"nan", "none", "null", "n/a"} else text.strip()


def list_of_cell(value: Any) -> list[Any]:
    """What a cell lists: a list, one written as JSON or as Python writes it, else the text alone."""
    if isinstance(value, list):
        return value
    text = text_of_cell(value)
    if text.startswith(("[", "(")) and len(text) <= _LONGEST_LIST:
        for read in (json.loads, _python_list):
            try:
                listed = read(text)
            except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError, tokenize.TokenError):
                continue
            if isinstance(listed, list | tuple):
                return list(listed)
    return [text] if text else []


def _python_list(text: str) -> Any:
    """A list as Python writes it. NumPy leaves the commas out, and Python would join the texts."""
    listed = ast.literal_eval(text)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    texts = [token.string for token in tokens if token.type == tokenize.STRING]
    if isinstance(listed, list | tuple) and all(isinstance(item, str) for item in listed) and len(texts) > len(listed):
        return [ast.literal_eval(string) for string in texts]
    return listed


def passages_of_cell(value: Any) -> Iterator[str]:
    """The passages in a cell, in the shapes of the frameworks: texts, or objects that carry one."""
    for passage in list_of_cell(value):
        if isinstance(passage, str):
            if passage.strip():
                yield passage
        else:
            yield from (text for text, _ in documents.passages(passage, keep_objects=True))


def names_of_cell(value: Any) -> list[str]:
    """Short names in a cell: a list, or words between commas, semicolons or bars."""
    listed = list_of_cell(value)
    if len(listed) == 1 and isinstance(listed[0], str):
        text = listed[0].replace(";", ",").replace("|", ",")
        listed = text.split(",")
    return [name for item in listed if (name := text_of_cell(item))]


def turns_of_cell(value: Any) -> list[dict[str, str]]:
    """Earlier turns of the conversation: messages in any of the common shapes."""
    listed = value if isinstance(value, list) else list_of_cell(value)
    return [
        {"role": turn.role, "content": turn.text}
        for turn in messages_of(listed) or []
        if turn.role in {"user", "assistant"} and turn.text.strip()
    ]


def label_of_cell(value: Any, *, yes_is_right: bool = False) -> int | None:
    """1 where people marked the answer as wrong, 0 where not; None where nothing tells.

    Args:
        value: of the cell.
        yes_is_right: whether the column asks if the answer is right, as `is_correct`. That turns yes, no and numbers
            round, and no word that says by itself what the answer is: `wrong` stays wrong.

    Raises:
        ValueError: it is neither.
    """
    text = str(int(value)) if isinstance(value, bool) else text_of_cell(value).casefold()
    if not text:
        return None
    if text in _WRONG | _RIGHT:
        return int(text in _WRONG)
    if text in _YES | _NO | {"1.0", "0.0"}:
        says_yes = text in _YES or text == "1.0"
        return int(says_yes != yes_is_right)
    wrong, right = ("0", "1") if yes_is_right else ("1", "0")
    raise ValueError(f"{text!r} is no label; write {wrong} where the answer is wrong, {right} where it is right")


def is_yes(value: Any) -> bool | None:
    """Whether a cell says yes; None where it says neither."""
    if isinstance(value, bool):
        return value
    text = text_of_cell(value).casefold()
    return True if text in _YES else False if text in _NO else None
