"""A schema in plain words: wider than the strict one, and without what only some servers know."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.llm.grounding.reply import REPLY_SCHEMA
from assay.judges.models.loose_schema import loosened

UNKNOWN_TO_SOME = ("additionalProperties", "anyOf", '["string", "null"]', "$defs", "minItems", "maximum")
NUMBERS = st.integers(min_value=0, max_value=99)
TEXTS = st.none() | st.text(max_size=9)
FAULTS = {"severity": st.sampled_from(["minor", "material", "critical"]), "fragment": TEXTS, "reason": TEXTS}
ENTRIES = st.one_of(
    st.fixed_dictionaries({"supported": NUMBERS, "evidence": st.lists(NUMBERS, max_size=3), "p": NUMBERS}),
    st.fixed_dictionaries({"contradicted": NUMBERS, "evidence": st.lists(NUMBERS, max_size=3), "p": NUMBERS, **FAULTS}),
    st.fixed_dictionaries({"not_found": NUMBERS, "p": NUMBERS, **FAULTS}),
    st.fixed_dictionaries({"not_checkworthy": NUMBERS}),
)
REPLIES = st.fixed_dictionaries({"kind": st.sampled_from(["answer", "refusal"]), "sentences": st.lists(ENTRIES)})


def without_null(value: Any) -> Any:
    """A value without the keys that a model may now leave out."""
    if isinstance(value, dict):
        return {key: without_null(inner) for key, inner in value.items() if inner is not None}
    return [without_null(item) for item in value] if isinstance(value, list) else value


@given(REPLIES)
def test_what_fits_the_strict_schema_fits_the_plain_one(reply: dict[str, Any]) -> None:
    jsonschema.validate(reply, REPLY_SCHEMA)
    jsonschema.validate(without_null(reply), loosened(REPLY_SCHEMA))


def test_plain_schema_holds_nothing_that_only_some_servers_know() -> None:
    written = json.dumps(loosened(REPLY_SCHEMA))
    assert not [word for word in UNKNOWN_TO_SOME if word in written]
    assert loosened(REPLY_SCHEMA)["required"] == ["kind", "sentences"]


def test_plain_schema_of_an_entry_names_all_keys_and_requires_those_that_all_have() -> None:
    number = {"type": "integer"}
    shapes = [{"type": "object", "properties": {key: number, "p": number}, "required": [key, "p"]} for key in "ab"]
    loose = loosened({"anyOf": shapes})
    assert set(loose["properties"]) == {"a", "b", "p"}
    assert loose["required"] == ["p"]


def test_schema_is_not_changed_itself() -> None:
    before = json.dumps(REPLY_SCHEMA)
    loosened(REPLY_SCHEMA)
    assert json.dumps(REPLY_SCHEMA) == before
