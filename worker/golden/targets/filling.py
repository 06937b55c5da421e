"""The request of an item, made from a template."""

from __future__ import annotations

import re

from pydantic import JsonValue

from assay.worker.golden.sets.manifest import GoldenItem

_PLACE = re.compile(r"\{(question|id|contexts)\}")


def fill_request(template: JsonValue, item: GoldenItem) -> JsonValue:
    """The template with `{question}` and `{id}` filled in wherever they occur, `{history}` as a list of messages."""
    if isinstance(template, dict):
        return {key: fill_request(value, item) for key, value in template.items()}
    if isinstance(template, list):
        return [fill_request(value, item) for value in template]
    if template == "{history}":
        return history_messages(item)
    return _filled(template, {"question": item.question, "id": item.id}) if isinstance(template, str) else template


def fill_prompt(template: str, item: GoldenItem) -> str:
    """A prompt with the item's question, id and numbered evidence in it."""
    contexts = "\n\n".join(f"[{n}] {text}" for n, text in enumerate(item.contexts, start=1))
    return _filled(template, {"question": item.question, "id": item.id, "contexts": contexts})


def history_messages(item: GoldenItem) -> list[JsonValue]:
    """The item's earlier turns as chat messages."""
    return [{"role": turn.role, "content": turn.content} for turn in item.history]


def _filled(template: str, values: dict[str, str]) -> str:
    # In one pass: what a question says in braces is text, not a place.
    return _PLACE.sub(lambda match: values.get(match.group(1), match.group(0)), template)
