"""SummEdits by kind of edit: what the local judge sees of a small change, and what value rules alone catch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher

from assay.judges.rubric import ValueKind
from assay.judges.rules.values import check_values
from assay.judges.schema import Claim, ClaimVerdict, Span, Tier, Verdict
from assay.judges.text.negation import NEGATION_STEMS
from assay.judges.text.sentences import split_sentences
from assay.judges.text.words import stem
from assay.judges.values import Value, extract_values
from benchmarks.labelled_rows import sample_of
from benchmarks.split_demo_data import Row

KINDS = ("number", "date", "name", "negation", "other")
_NUMBERS = frozenset({ValueKind.NUMBER, ValueKind.MONEY, ValueKind.PERCENT, ValueKind.IDENTIFIER})


def print_edit_kinds(rows: Sequence[Row], risks: Mapping[str, float]) -> None:
    """Bad edits by kind: how many, how many value rules flag, and how often the judge ranks one over a good edit.

    Args:
        rows: of SummEdits.
        risks: what a model said that was not fitted on the row's document, by row id.
    """
    seeds = {(row["source"], row["source_id"]): row["response"] for row in rows if row["id"].endswith("_og")}
    good = [row for row in rows if row["label"] == 0]
    by_kind: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        seed = seeds.get((row["source"], row["source_id"]))
        if row["label"] == 1 and seed is not None:
            by_kind[edit_kind(seed, row["response"])].append(row)
    print("| SummEdits, edits by kind | n | value rules flag | judge ranks it over a good one |")
    print("| --- | --- | --- | --- |")
    for kind in KINDS:
        chosen = by_kind[kind]
        print(f"| {kind} | {len(chosen):,} | {_share_flagged(chosen)} | {_ranked_over(chosen, good, risks)} |")
    unedited = [row for row in good if row["id"].endswith("_og")]
    print(f"| unedited summaries (false positives) | {len(unedited):,} | {_share_flagged(unedited)} | |")
    print(f"| consistent edits (false positives) | {len(good) - len(unedited):,} | ", end="")
    print(f"{_share_flagged([row for row in good if not row['id'].endswith('_og')])} | |")
    print("An edit's kind is that of the values that differ from the unedited summary; one with none is `other`.\n")


def edit_kind(before: str, after: str) -> str:
    """What an edit changed first: a number, a date, a name, a negation, or other words."""
    old, new = before.split(), after.split()
    changes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    changed = [(old[a:b], new[c:d]) for tag, a, b, c, d in changes if tag != "equal"]
    values = {value.kind for value in _differing_values(before, after)}
    if any(_negates(gone) != _negates(come) for gone, come in changed):
        return "negation"
    if values & _NUMBERS:
        return "number"
    if ValueKind.DATE in values:
        return "date"
    return "name" if ValueKind.NAME in values else "other"


def _differing_values(before: str, after: str) -> list[Value]:
    known = {value.normal for value in extract_values(before)}
    return [value for value in extract_values(after) if value.normal not in known]


def _negates(words: Iterable[str]) -> bool:
    return any(stem(word.strip(".,;:!?").lower()) in NEGATION_STEMS for word in words)


def _share_flagged(rows: Sequence[Row]) -> str:
    """How many responses the value rules flag, all kinds of value on."""
    flagged = sum(_is_flagged(row) for row in rows)
    return f"{flagged / len(rows):.3f} ({flagged} of {len(rows):,})" if rows else "–"


def _is_flagged(row: Row) -> bool:
    verdict = check_values(sample_of(row), _all_supported(row["response"]), tuple(ValueKind))
    return bool(verdict.rule_hits)


def _all_supported(response: str) -> Verdict:
    """A verdict that believes everything, so that only the rule speaks."""
    claims = tuple(
        Claim(
            text=response[span.start : span.end],
            span=Span(start=span.start, end=span.end),
            verdict=ClaimVerdict.SUPPORTED,
            source="none",
        )
        for span in split_sentences(response)
    )
    return Verdict(judge="none", tier=Tier.SCREEN, claims=claims)


def _ranked_over(bad: Sequence[Row], good: Sequence[Row], risks: Mapping[str, float]) -> str:
    """Share of pairs of a bad and a good edit of the same document where the bad one has the higher risk."""
    by_document: dict[str, list[float]] = defaultdict(list)
    for row in good:
        if row["id"] in risks:
            by_document[row["source_id"]].append(risks[row["id"]])
    pairs = [
        (risks[row["id"]] > other) + 0.5 * (risks[row["id"]] == other)
        for row in bad
        if row["id"] in risks
        for other in by_document[row["source_id"]]
    ]
    return f"{sum(pairs) / len(pairs):.3f} of {len(pairs):,} pairs" if pairs else "–"
