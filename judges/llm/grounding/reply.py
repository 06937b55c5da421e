"""Reads the judge model's reply: one strict JSON object, or an error that names the fault for the repair turn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, get_args

from pydantic import ConfigDict, Field, ValidationError, model_validator

from assay.judges.errors import IncompleteVerdict
from assay.judges.llm.reply_object import KEPT_REPLY_CHARS, fault, read_object
from assay.judges.schema import Probability, Record, ResponseKind, Severity

LineVerdict = Literal["supported", "contradicted", "not_found", "not_checkworthy"]
VERDICT_WORDS: tuple[LineVerdict, ...] = get_args(LineVerdict)
_PER_CENT = 100


def _shape(verdict: LineVerdict, properties: dict[str, Any]) -> dict[str, Any]:
    """Schema of one kind of entry. Strict mode wants every property required and no others."""
    all_properties = {verdict: {"type": "integer"}, **properties}
    return {
        "type": "object",
        "properties": all_properties,
        "required": list(all_properties),
        "additionalProperties": False,
    }


_EVIDENCE: dict[str, Any] = {"evidence": {"type": "array", "items": {"type": "integer"}}}
_SURE: dict[str, Any] = {"p": {"type": "integer"}}
_FAULT: dict[str, Any] = {
    "severity": {"type": "string", "enum": [severity.value for severity in Severity]},
    "fragment": {"type": ["string", "null"]},
    "reason": {"type": ["string", "null"]},
}

REPLY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "enum": [kind.value for kind in ResponseKind]},
        "sentences": {
            "type": "array",
            "items": {
                # The verdict is an entry's first key: OpenAI and Azure refuse alternatives that begin with the same
                # key, and a supported entry stays short although strict mode requires every property.
                "anyOf": [
                    _shape("supported", _EVIDENCE | _SURE),
                    _shape("contradicted", _EVIDENCE | _SURE | _FAULT),
                    _shape("not_found", _SURE | _FAULT),
                    _shape("not_checkworthy", {}),
                ]
            },
        },
    },
    "required": ["kind", "sentences"],
    "additionalProperties": False,
}
"""What is asked of the model as a JSON schema. The parser below checks more than a schema can say."""


class Entry(Record):
    """The model's word on one sentence of the response. `p` is its probability that `verdict` is right.

    On the wire the verdict is the key and the sentence's number its value, `{"supported": 1, "evidence": [3], "p":
    97}`, with `p` in per cent. A model not held to the schema may spell it out as `{"n": 1, "verdict": "supported"}`.
    """

    model_config = ConfigDict(strict=True)

    n: int = Field(ge=0, le=1_000_000)
    verdict: LineVerdict
    evidence: tuple[int, ...] = Field(default=(), strict=False, max_length=200)
    p: Probability | None = None
    severity: Severity | None = Field(default=None, strict=False)
    fragment: str | None = None
    reason: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, data: object) -> object:
        """The entry as the fields above. Numbers in quotes and booleans are no numbers."""
        if not isinstance(data, dict):
            return data
        entry = _spelt_out(data)
        if entry.get("evidence") is None:
            entry.pop("evidence", None)
        elif not isinstance(entry["evidence"], list) or any(type(number) is not int for number in entry["evidence"]):
            raise ValueError("evidence must be a list of integers")
        p = entry.get("p")
        # Nobody is one per cent sure of the verdict they just gave: whole numbers above 1 are per cent, 1 is a share.
        # To JSON, and to the schema that was asked for, 97.0 is as whole as 97.
        if isinstance(p, int | float) and 1 < p <= _PER_CENT and p == int(p):
            entry["p"] = p / _PER_CENT
        return entry


def _spelt_out(data: dict[str, Any]) -> dict[str, Any]:
    """The entry with `n` and `verdict`, however it names its verdict. Two verdicts are a fault."""
    named = [verdict for verdict in VERDICT_WORDS if verdict in data]
    if not named:
        return dict(data)
    if len(named) > 1 or "n" in data or "verdict" in data:
        raise ValueError("one entry has one verdict")
    rest = {key: value for key, value in data.items() if key != named[0]}
    return {"n": data[named[0]], "verdict": named[0], **rest}


class ParsedReply(Record):
    """A reply that accounts for every sentence it was asked about, once, in order of `n`."""

    kind: ResponseKind
    entries: tuple[Entry, ...]


class _Body(Record):
    """The reply's outermost shape."""

    kind: ResponseKind
    sentences: tuple[Entry, ...]


def parse_reply(text: str, expected: Iterable[int]) -> ParsedReply:
    """Parse a reply.

    Args:
        text: the model's whole answer. A Markdown fence around the whole is allowed, words beside the object are not.
        expected: the sentence numbers that were asked about.

    Raises:
        IncompleteVerdict: a sentence has no entry.
        InvalidVerdict: anything else. The message names the fault and repeats nothing of the reply.
    """
    body = _body(text)
    numbers = [entry.n for entry in body.sentences]
    asked = set(expected)
    if len(set(numbers)) < len(numbers):
        fault(text, f"sentence {_first_duplicate(numbers)} has more than one entry")
    if unknown := sorted(set(numbers) - asked):
        fault(text, f"there is no sentence {unknown[0]}; judge R{min(asked)} to R{max(asked)}")
    if missing := sorted(asked - set(numbers)):
        listed = ", ".join(f"R{n}" for n in missing[:20])
        raise IncompleteVerdict(f"{len(missing)} sentences have no entry: {listed}", reply=text[:KEPT_REPLY_CHARS])
    judged = [entry.n for entry in body.sentences if entry.verdict != "not_checkworthy"]
    if body.kind is not ResponseKind.ANSWER and judged:
        fault(text, f"kind is {body.kind.value} but sentence {min(judged)} is judged; use not_checkworthy or answer")
    return ParsedReply(kind=body.kind, entries=tuple(sorted(body.sentences, key=lambda entry: entry.n)))


def _body(text: str) -> _Body:
    try:
        return _Body.model_validate(read_object(text))
    except ValidationError as exc:
        problem = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        # A key the model invented could hold anything. The repair turn must not repeat it.
        known = {"kind", "sentences", *Entry.model_fields}
        where = ".".join(str(part) for part in problem["loc"] if isinstance(part, int) or part in known)
        what = "unknown key" if problem["type"] == "extra_forbidden" else problem["msg"]
        fault(text, f"{where or 'the object'}: {what}")


def _first_duplicate(numbers: list[int]) -> int:
    seen: set[int] = set()
    for number in numbers:
        if number in seen:
            return number
        seen.add(number)
    raise ValueError("no number occurs twice")
