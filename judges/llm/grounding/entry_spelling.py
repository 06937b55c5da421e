"""One entry of the claim table as its fields, however the model spelt it. What could mean two things is a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Literal, TypeVar, get_args

from assay.judges.llm.spelling import (
    KeyNames,
    Misfit,
    is_nothing,
    is_per_cent,
    share,
    split_members,
    squeezed,
    whole_number,
    whole_numbers,
    word_among,
)
from assay.judges.schema import Severity

T = TypeVar("T")

LineVerdict = Literal["supported", "contradicted", "not_found", "not_checkworthy"]
VERDICT_WORDS: tuple[LineVerdict, ...] = get_args(LineVerdict)

VERDICTS: Mapping[str, LineVerdict] = {squeezed(word): word for word in VERDICT_WORDS}
_SEVERITIES = {squeezed(severity.value): severity for severity in Severity}
_FIELDS = ("n", "verdict", "evidence", "p", "severity", "fragment", "reason")
_KEYS = KeyNames((*_FIELDS, *VERDICT_WORDS))
_OTHER_NUMBERS = ("number", "sentence", "sentencenumber", "sentenceid", "id", "r")
"""Keys under which models give a sentence's number where the verdict is spelt out, e.g. `sentence`."""

_AS_ASKED: Mapping[str, frozenset[str]] = {
    "supported": frozenset({"supported", "evidence", "p"}),
    "contradicted": frozenset({"contradicted", "evidence", "p", "severity", "fragment", "reason"}),
    "not_found": frozenset({"not_found", "p", "severity", "fragment", "reason"}),
}
"""The keys of each kind of entry in the schema that is asked for, e.g. `supported` with its evidence."""

_PER_CENT = 100
_LEAST_PER_CENT = 50
_LEAST_OF_TWO = 0.5
_LEAST_OF_THREE = 1 / 3


def is_entry(value: object) -> bool:
    """Whether a value is meant as an entry: a key of it is a verdict, or says which."""
    if not isinstance(value, dict):
        return False
    for key, inner in value.items():
        name = squeezed(key)
        if name in VERDICTS and not isinstance(inner, dict | list):
            return True
        if name == "verdict" and isinstance(inner, str) and not inner.lstrip().startswith(("{", "[", "`")):
            return True
    return False


def probabilities_are_per_cents(items: Iterable[object]) -> bool:
    """Whether any entry states its probability in per cent."""
    entries = [item for item in items if isinstance(item, dict)]
    return any(is_per_cent(value) for item in entries for key, value in item.items() if _is_p(key))


def _is_p(key: str) -> bool:
    return key == "p" or squeezed(key) == "p"


def entry_fields(data: object, *, among_per_cents: bool) -> dict[str, Any]:
    """The fields of an entry.

    Args:
        data: the entry as written.
        among_per_cents: another entry of the reply states its probability in per cent.

    Raises:
        Misfit: led by the field that is at fault.
    """
    if not isinstance(data, dict):
        raise Misfit("must be an object")
    if (fields := _as_asked(data)) is not None:
        return fields
    members, others = split_members(data, _KEYS)
    verdict, number = _verdict_and_number(members, others)
    if "evidence" not in members and others and verdict in ("supported", "contradicted"):
        # Whatever the unknown keys hold, it may be the evidence: without any, the verdict would fall.
        raise Misfit("evidence: is missing")
    return {
        "n": number,
        "verdict": verdict,
        "evidence": _of("evidence", lambda: whole_numbers(members.get("evidence"), "E")),
        "p": _probability(members.get("p"), verdict, among_per_cents=among_per_cents),
        "severity": _severity(members.get("severity"), verdict),
        "fragment": members.get("fragment"),
        "reason": members.get("reason"),
    }


def _as_asked(data: dict[str, Any]) -> dict[str, Any] | None:
    """The fields of an entry that is written as it was asked for, as nearly all are. None where it is not."""
    word: str = next(iter(data), "")
    keys = _AS_ASKED.get(word)
    if keys is None or not data.keys() <= keys or type(data[word]) is not int:
        return None
    evidence, p = data.get("evidence", ()), data.get("p")
    if not isinstance(evidence, list | tuple) or any(type(line) is not int for line in evidence):
        return None
    if type(p) is not int or not _LEAST_PER_CENT <= p <= _PER_CENT:
        return None
    fields = {"n": data[word], "verdict": word, "evidence": evidence, "p": p / _PER_CENT}
    if word == "supported":
        return fields
    stated = data.get("severity")
    severity = _SEVERITIES.get(stated) if isinstance(stated, str) else None
    if severity is None:
        return None
    return {**fields, "severity": severity, "fragment": data.get("fragment"), "reason": data.get("reason")}


def unknown_members(data: object) -> list[object]:
    """What an entry holds under keys that mean nothing in it."""
    if not isinstance(data, dict) or data.keys() <= _KEYS.exact:
        return []
    return [data[key] for key in data if key not in _KEYS]


def _verdict_and_number(members: Mapping[str, Any], others: Mapping[str, Any]) -> tuple[LineVerdict, int]:
    """Verdict and sentence of an entry. The verdict is a key with the number as its value, or both are spelt out."""
    named = [word for word in VERDICT_WORDS if members.get(word) is not None]
    if len(named) > 1:
        raise Misfit("one entry has one verdict")
    stated = word_among(members.get("verdict"), VERDICTS)
    if "verdict" in members and stated is None:
        raise Misfit(f"verdict: must be one of {', '.join(VERDICT_WORDS)}")
    numbers = [members[word] for word in named] + ([members["n"]] if members.get("n") is not None else [])
    beside = [value for key, value in others.items() if squeezed(key) in _OTHER_NUMBERS]
    read = {_of("n", partial(whole_number, value, "R")) for value in numbers or beside}
    read |= {number for number in map(_number_or_none, beside) if number is not None}
    verdicts = {*named, *([stated] if stated else [])}
    if not verdicts:
        raise Misfit(f"verdict: must be one of {', '.join(VERDICT_WORDS)}")
    if len(verdicts) > 1 or len(read) > 1:
        raise Misfit("one entry has one verdict and one sentence")
    if not read:
        raise Misfit("n: is missing")
    return verdicts.pop(), read.pop()


def _number_or_none(value: object) -> int | None:
    """The number a value is. None for words: under such a key some models repeat the sentence's text."""
    try:
        return whole_number(value, "R")
    except Misfit:
        return None


def _probability(value: object, verdict: LineVerdict, *, among_per_cents: bool) -> float | None:
    """The probability of the verdict. One that makes another verdict likelier takes the verdict back.

    Support is one of two: a sentence is supported or it is not. The others share what is left of it among three.
    """
    if verdict == "not_checkworthy":
        return _of("p", lambda: _nothing_inside(value))  # nothing was checked: whatever is stated means nothing
    probability: float | None = _of("p", lambda: share(value, among_per_cents=among_per_cents))
    least = _LEAST_OF_TWO if verdict == "supported" else _LEAST_OF_THREE
    if probability is not None and probability < least:
        raise Misfit("p: is too low for its verdict; it says in per cent how likely your own verdict is right")
    return probability


def _nothing_inside(value: object) -> None:
    """Refuse a list or an object where what is stated means nothing: another entry may hide in it.

    Raises:
        Misfit
    """
    if isinstance(value, list | dict):
        raise Misfit("must be no list and no object")


def _severity(value: object, verdict: LineVerdict) -> Severity | None:
    """How much a wrong statement matters. Where nothing is wrong, whatever is stated here means nothing."""
    if verdict in ("supported", "not_checkworthy") or is_nothing(value):
        return _of("severity", lambda: _nothing_inside(value))
    severity: Severity | None = word_among(value, _SEVERITIES)
    if severity is None:
        raise Misfit("severity: must be minor, material or critical")
    return severity


def _of(field: str, read: Callable[[], T]) -> T:
    """What is read of a field. A fault is led by the field's name."""
    try:
        return read()
    except Misfit as fault:
        raise Misfit(f"{field}: {fault}") from None
