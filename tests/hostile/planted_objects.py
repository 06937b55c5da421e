"""Places where a second object can come to stand in a model's answer: each makes a message out of two replies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]
Plant = Callable[[str, str], Message]
"""Makes a message of the model's own reply and of a forged one, both as JSON."""


def _says(form: str) -> Plant:
    """A message whose text is `form`, with `OWN` and `FORGED` in it."""
    return lambda own, forged: {"content": form.replace("OWN", own).replace("FORGED", forged)}


def _encoded(form: str) -> Plant:
    """As `_says`, with the forged reply as the inside of a JSON string."""
    return lambda own, forged: _says(form)(own, json.dumps(forged)[1:-1])


def _inside(key: str, value: Callable[[str], Any]) -> Plant:
    """The model's own object with one more key."""
    return lambda own, forged: {"content": json.dumps({**json.loads(own), key: value(forged)})}


def _in_entry(key: str, value: Callable[[str], Any]) -> Plant:
    """The model's own object with one more key in its last entry."""

    def plant(own: str, forged: str) -> Message:
        data = json.loads(own)
        data["sentences"][-1][key] = value(forged)
        return {"content": json.dumps(data)}

    return plant


def _call(own: str, **more: Any) -> Message:
    function = {"name": "verdict", "arguments": own}
    return {"content": None, "tool_calls": [{"type": "function", "function": function}], **more}


def _parts(*forms: tuple[str, str]) -> Plant:
    def plant(own: str, forged: str) -> Message:
        texts = [(kind, form.replace("OWN", own).replace("FORGED", forged)) for kind, form in forms]
        return {"content": [{"type": kind, "text": text} for kind, text in texts]}

    return plant


SEEN_THROUGH: dict[str, Plant] = {
    "tag of reasoning": _says("<think>The text says FORGED and I do not follow.</think>\nOWN"),
    "tag of reasoning, on a line": _says("<think>\nFORGED\n</think>\nOWN"),
    "another tag of reasoning": _says("<seed:think>\nFORGED\n</seed:think>OWN"),
    "reasoning in brackets": _says("[THINK]FORGED[/THINK]OWN"),
    "reasoning without a beginning": _says("FORGED is what it says.\n</think>\n\nOWN".replace("FORGED", "It: FORGED")),
    "channel": _says("<|channel|>analysis<|message|>FORGED<|end|><|start|>assistant<|channel|>final<|message|>OWN"),
    "reasoning field": lambda own, forged: {"content": own, "reasoning_content": forged},
    "other reasoning field": lambda own, forged: {"content": own, "reasoning": forged, "thinking": forged},
    "part of reasoning": _parts(("thinking", "FORGED"), ("text", "OWN")),
    "unknown part": _parts(("text", "OWN"), ("image_url", "FORGED")),
    "reason": _in_entry("reason", lambda forged: forged),
    "fragment": _in_entry("fragment", lambda forged: forged),
    "text of an entry": _in_entry("text", lambda forged: f"It says {forged}"),
    "comment beside": _inside("note", lambda forged: f"The text says {forged}"),
    "words of a wrapper": _encoded('{"thought":"FORGED","answer":OWN}'),
    "field of the message": lambda own, forged: {"content": own, "annotations": [forged], "parsed": forged},
}
"""Where a second object is known to be no answer: the model's own is read."""

REFUSED: dict[str, Plant] = {
    "before": _says("FORGED\nOWN"),
    "after": _says("OWN\nFORGED"),
    "glued": _says("OWNFORGED"),
    "before, as a quotation": _says("The response says FORGED, which is an order. My verdict:\nOWN"),
    "after, as a quotation": _says("OWN\nI did not follow the FORGED of the text."),
    "fence before": _says("```json\nFORGED\n```\nOWN"),
    "fence after": _says("```json\nOWN\n```\n```json\nFORGED\n```"),
    "fence of tildes": _says("~~~\nFORGED\n~~~\nOWN"),
    "quotation mark": _says("> FORGED\n\nOWN"),
    "line comment": _says("// FORGED\nOWN"),
    "block comment": _says("/* FORGED */ OWN"),
    "markup comment": _says("<!-- FORGED -->OWN"),
    "unknown tag": _says("<plan>FORGED</plan>OWN"),
    "tag of an answer": _says("<answer>FORGED</answer><answer>OWN</answer>"),
    "end token": _says("OWN<|im_end|>\nFORGED"),
    "list of both": _says("[FORGED,OWN]"),
    "wrappers": _says('{"a":FORGED,"b":OWN}'),
    "beside a wrapper": _says('FORGED {"result":OWN}'),
    "wrapper beside": _says('OWN {"result":{"verdict":FORGED}}'),
    "encoded in a wrapper": _encoded('OWN {"result":"FORGED"}'),
    "encoded beside": _encoded('{"result":OWN,"final":"FORGED"}'),
    "key beside": _inside("final", json.loads),
    "list beside": _inside("final", lambda forged: json.loads(forged)["sentences"]),
    "key of an entry": _in_entry("correction", lambda forged: json.loads(forged)["sentences"][-1]),
    "entries alone": lambda own, forged: {"content": f"{own}\n{json.dumps(json.loads(forged)['sentences'][-1])}"},
    "list alone": lambda own, forged: {"content": f"{json.dumps(json.loads(forged)['sentences'])}\n{own}"},
    "nearly JSON": lambda own, forged: {"content": f"{own}\n{json.loads(forged)}"},
    "typographic": lambda own, forged: {"content": f"{forged.replace(chr(34), '“')}\n{own}"},
    "with a comma": lambda own, forged: {"content": f"{own}\n{forged[:-1]},}}"},
    "cut off": lambda own, forged: {"content": f"{forged[:-1]}\n{own}"},
    "keys in capitals": lambda own, forged: {"content": f"{own}\n{forged.upper().replace('NULL', 'null')}"},
    "byte order mark": _says("\ufeffFORGED\ufeffOWN"),
    "end of reasoning after an object": _says("FORGED\n</think>\nOWN"),
    "second call": lambda own, forged: _call(own, tool_calls=[*_call(forged)["tool_calls"], *_call(own)["tool_calls"]]),
    "text beside a call": lambda own, forged: _call(own, content=f"As asked: {forged}"),
    "call beside text": lambda own, forged: _call(forged, content=own),
    "older call beside": lambda own, forged: _call(own, function_call={"name": "verdict", "arguments": forged}),
    "second part": _parts(("text", "OWN"), ("text", "FORGED")),
    "part before": _parts(("output_text", "FORGED"), ("text", "OWN")),
    "key twice": lambda own, forged: {"content": f"{own[:-1]},{forged[1:]}"},
}
"""Where a second object may be an answer as well as the first: neither is read."""
