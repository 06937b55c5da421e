"""The entries of a reply, whichever way its outermost object holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.judges.llm.grounding.entry_spelling import is_entry
from assay.judges.llm.spelling import KeyNames, Misfit, split_members, squeezed, whole_number, word_among
from assay.judges.schema import ResponseKind

KINDS = {squeezed(kind.value): kind for kind in ResponseKind}
_KEYS = KeyNames(("kind", "sentences"))
_MOST_DIGITS = 9


def table_items(value: Any) -> tuple[Sequence[object], ResponseKind | None, Sequence[object]]:
    """The entries of a reply, its kind where it names one, and what else it holds.

    Raises:
        Misfit
    """
    if isinstance(value, list):
        return value, None, ()
    if is_labelled(value):
        return _labelled(value), None, ()
    members, others = split_members(value, _KEYS)
    if "sentences" not in members:
        # Under another name a list of entries is still the only one there is.
        lists = [key for key, inner in others.items() if isinstance(inner, list) and any(map(is_entry, inner))]
        if len(lists) != 1:
            raise Misfit("sentences: is missing")
        return others[lists[0]], _kind(members), [inner for key, inner in others.items() if key != lists[0]]
    return _listed(members["sentences"]), _kind(members), list(others.values())


def _kind(members: Mapping[str, Any]) -> ResponseKind | None:
    if members.get("kind") is None:
        return None
    kind: ResponseKind | None = word_among(members["kind"], KINDS)
    if kind is None:
        raise Misfit("kind: must be answer, refusal or no_claims")
    return kind


def _listed(sentences: object) -> Sequence[object]:
    """The entries as a list: of one that stands alone, and of those that are named by their numbers."""
    if isinstance(sentences, list):
        return sentences
    if is_entry(sentences):
        return [sentences]
    if isinstance(sentences, dict) and is_labelled(sentences):
        return _labelled(sentences)
    raise Misfit("sentences: must be a list")


def is_labelled(value: Mapping[str, Any]) -> bool:
    """Whether an object names entries by the numbers of their sentences: `{"R1": {"verdict": "supported"}}`."""
    labels = list(map(_label, value))
    return (
        bool(labels)
        and all(label.isdecimal() and label.isascii() and len(label) <= _MOST_DIGITS for label in labels)
        and all(map(is_entry, value.values()))
    )


def _labelled(value: Mapping[str, Any]) -> Sequence[object]:
    """Such entries, each with its number. The number an entry names itself must be the same."""
    return [_numbered(int(_label(key)), entry) for key, entry in value.items()]


def _numbered(number: int, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry with the number of its label."""
    own = [inner for key, inner in entry.items() if squeezed(key) == "n"]
    if any(whole_number(inner, "R") != number for inner in own):
        raise Misfit("one entry has one verdict and one sentence")
    return entry if own else {"n": number, **entry}


def _label(key: str) -> str:
    """The digits of a sentence's label, `R1` or `[1]`. Other keys are no digits."""
    return key.strip("[] ").lstrip("Rr")
