"""Reads the judge model's reply: one table of claims, or an error that names the fault for the repair turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from pydantic import ConfigDict, Field, ValidationError

from assay.judges.llm.grounding.entry_spelling import (
    VERDICTS,
    LineVerdict,
    entry_fields,
    is_entry,
    probabilities_are_per_cents,
    unknown_members,
)
from assay.judges.llm.grounding.prompt import EXAMPLES
from assay.judges.llm.grounding.table_items import KINDS, is_labelled, table_items
from assay.judges.llm.reply_object import read_fitting
from assay.judges.llm.spelling import Misfit, squeezed, word_among
from assay.judges.schema import Probability, Record, ResponseKind, Severity


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
    97}`, with `p` in per cent. See `entry_spelling.py` for what else is read.
    """

    model_config = ConfigDict(strict=True)

    n: int = Field(ge=0, le=1_000_000)
    verdict: LineVerdict
    evidence: tuple[int, ...] = Field(default=(), strict=False, max_length=200)
    p: Probability | None = None
    severity: Severity | None = Field(default=None, strict=False)
    fragment: str | None = None
    reason: str | None = None


class ParsedReply(Record):
    """A reply that accounts for every sentence it was asked about, once, in order of `n`.

    `place` is where the object stands in the text, for whoever looks at its tokens. None: it stands there encoded, or
    in several places.
    """

    kind: ResponseKind
    entries: tuple[Entry, ...]
    place: tuple[int, int] | None = None


class _Table(NamedTuple):
    """What a reply says that fits."""

    kind: ResponseKind
    entries: tuple[Entry, ...]


class ClaimTable:
    """The form of a reply about the sentences of one call. See `ReplyForm`."""

    def __init__(self, expected: Iterable[int]) -> None:
        """Keep the numbers of the sentences."""
        self._asked = set(expected)

    def is_mark(self, key: str) -> bool:
        """A verdict as a key, the key that says which, or the key of all entries."""
        return is_entry({key: ""}) or squeezed(key) == "sentences"

    def is_reply(self, value: object) -> bool:
        """An object with sentences or a kind, a list of entries, or entries by their numbers."""
        if isinstance(value, list):
            return any(map(is_entry, value))
        if not isinstance(value, dict):
            return False
        if "sentences" in value:
            return True
        names = {squeezed(key): key for key in value}
        return (
            "sentences" in names
            or word_among(value.get(names.get("kind", "")), KINDS) is not None
            or is_labelled(value)
        )

    def is_piece(self, value: object) -> bool:
        """One entry."""
        return is_entry(value)

    def is_blank(self, value: object) -> bool:
        """A kind and an empty list, or one of the two."""
        if not isinstance(value, dict):
            return False
        members = {squeezed(key): inner for key, inner in value.items()}
        is_of_kind = word_among(members.get("kind", ResponseKind.ANSWER.value), KINDS) is not None
        return members.keys() <= {"kind", "sentences"} and members.get("sentences", []) == [] and is_of_kind

    def is_hint(self, value: object) -> bool:
        """Verdicts as keys or as values: `{"supported": [1]}`, `{"R1": "supported"}`."""
        words = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
        return any(word_among(word, VERDICTS) is not None for word in words)

    def fit(self, value: Any) -> _Table:
        """The table a value holds.

        Raises:
            Misfit
        """
        items, kind, _ = table_items(value)
        table = self._by_number(items)
        judged = [n for n, entry in table.items() if entry.verdict != "not_checkworthy"]
        if kind is None and not judged:
            raise Misfit("kind: is missing")
        kind = kind or ResponseKind.ANSWER
        if kind is not ResponseKind.ANSWER and judged:
            raise Misfit(f"kind is {kind.value} but sentence {min(judged)} is judged; use not_checkworthy or answer")
        return _Table(kind, tuple(table[n] for n in sorted(table)))

    def contradicts(self, value: Any, piece: Any) -> bool:
        """Whether an entry that stands alone says something else of its sentence than the table."""
        items = table_items(value)[0]
        try:
            fields = entry_fields(piece, among_per_cents=probabilities_are_per_cents(items))
            same = [entry for entry in self._by_number(items).values() if entry.n == fields["n"]]
        except Misfit:
            return True
        return [entry.verdict for entry in same] != [fields["verdict"]]

    def beside(self, value: Any) -> Iterator[object]:
        """What the table and its entries hold under unknown keys."""
        items, _, others = table_items(value)
        inner = [*others, *(member for item in items for member in unknown_members(item))]
        return (member for member in inner if isinstance(member, dict | list))

    def _by_number(self, items: Sequence[object]) -> dict[int, Entry]:
        """The entries by the sentences' numbers: each that was asked about, and no others."""
        among_per_cents = probabilities_are_per_cents(items)
        table: dict[int, Entry] = {}
        for place, item in enumerate(items):
            entry = _entry(place, item, among_per_cents=among_per_cents)
            other = table.setdefault(entry.n, entry)
            if other is not entry and other != entry:
                raise Misfit(f"sentence {entry.n} has more than one entry")
        if unknown := sorted(table.keys() - self._asked):
            raise Misfit(f"there is no sentence {unknown[0]}; judge R{min(self._asked)} to R{max(self._asked)}")
        if missing := sorted(self._asked - table.keys()):
            listed = ", ".join(f"R{n}" for n in missing[:20])
            raise Misfit(f"{len(missing)} sentences have no entry: {listed}", is_incomplete=True)
        return table


def _entry(place: int, item: object, *, among_per_cents: bool) -> Entry:
    try:
        return Entry.model_validate(entry_fields(item, among_per_cents=among_per_cents))
    except Misfit as fault:
        raise Misfit(f"sentences.{place}.{fault}") from None
    except ValidationError as exc:
        problem = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        raise Misfit(f"sentences.{place}.{problem['loc'][0]}: {problem['msg']}") from None


def parse_reply(text: str, expected: Iterable[int], *, shown: Iterable[str] = ()) -> ParsedReply:
    """Parse a reply.

    Args:
        text: the model's whole answer. Words beside the object are allowed, another object that differs is not.
        expected: the sentence numbers that were asked about.
        shown: the texts the model was shown, beside the examples of the prompt. See `read_fitting`.

    Raises:
        IncompleteVerdict: a sentence has no entry.
        InvalidVerdict: anything else. The message names the fault and repeats nothing of the reply.
    """
    form = ClaimTable(expected)
    table, place = read_fitting(text, form, chain(shown, EXAMPLES))
    return ParsedReply(kind=table.kind, entries=table.entries, place=place)
