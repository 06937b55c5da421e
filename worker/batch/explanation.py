"""One verdict as a block of text that a person can read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay.judges.schema import ClaimVerdict

QUOTE_LIMIT = 500
"""Characters of a quote that are shown or written."""

MOST_SHOWN = 25
"""Claims, grades and rule hits of one answer that are shown each; a verdict line holds them all."""

_WORST_FIRST = (ClaimVerdict.CONTRADICTED, ClaimVerdict.NOT_FOUND, ClaimVerdict.SUPPORTED)
_MARKS = {ClaimVerdict.SUPPORTED: "+", ClaimVerdict.NOT_FOUND: "?", ClaimVerdict.CONTRADICTED: "x"}


def explain_verdict(record: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a block: a headline, then each claim with what it rests on or what it lacks.

    Args:
        record: a verdict as `assay judge` writes it.
    """
    yield f"{_plain(str(record['id']))}: {_headline(record)}"
    for step in record["path"]:
        yield f"  > {_step_words(step)}"
    for vote in record["votes"]:
        yield f"      {_vote_words(vote)}"
    if record["needs_review"]:
        yield f"  ! a person should decide: {_plain(record['needs_review'])}"
    yield from _claims_lines(record.get("claims", ()))
    grades, hits = record.get("grades", ()), record.get("rule_hits", ())
    for grade in grades[:MOST_SHOWN]:
        yield from _grade_lines(grade)
    for hit in hits[:MOST_SHOWN]:
        yield f"  ! {_plain(hit['rule'])}: {_plain(hit['detail'])}"
    for rest, what in ((len(grades) - MOST_SHOWN, "grades"), (len(hits) - MOST_SHOWN, "rule hits")):
        if rest > 0:
            yield f"  … and {rest} more {what}; the verdict has them all"
    yield ""


def _claims_lines(claims: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The claims in their order. Of very many those that lack the most, and a count of the rest."""
    worst_first = sorted(claims, key=_doubt)
    shown = {id(claim) for claim in worst_first[:MOST_SHOWN]}
    for claim in claims:
        if id(claim) in shown:
            yield from _claim_lines(claim)
    rest = Counter(claim["verdict"].replace("_", " ") for claim in worst_first[MOST_SHOWN:])
    if rest:
        counts = ", ".join(f"{n} {verdict}" for verdict, n in sorted(rest.items()))
        yield f"  … and {rest.total()} more statements ({counts}); the verdict has them all"


def _doubt(claim: Mapping[str, Any]) -> tuple[int, float]:
    """Sorts contradicted claims first, then those without evidence, then the least supported."""
    return _WORST_FIRST.index(ClaimVerdict(claim["verdict"])), 0.0 if claim["p"] is None else claim["p"]


def _claim_lines(claim: Mapping[str, Any]) -> Iterator[str]:
    """One claim with what it rests on, or what it lacks."""
    verdict = ClaimVerdict(claim["verdict"])
    p = "" if claim["p"] is None else f" (p {claim['p']:.2f})"
    yield f"  {_MARKS[verdict]} {verdict.value.replace('_', ' ')}{p}: {_plain(claim['text'])}"
    if claim["reason"]:
        yield f"      {_plain(claim['reason'])}"
    if claim["quote"]:
        yield f"      [{claim['evidence'][0][0] + 1}] {_plain(claim['quote'])}"


def _step_words(step: Mapping[str, Any]) -> str:
    """One step of the path: who, on which model, with which risk, and what happened then."""
    model = f" ({_plain(step['model'])})" if step["model"] else ""
    risk = "" if step["risk"] is None else f", risk {step['risk']:.2f}"
    return f"{step['judge']}{model}{risk}: {step['outcome']}" + (
        f", {_plain(step['reason'])}" if step["reason"] else ""
    )


def _vote_words(vote: Mapping[str, Any]) -> str:
    outcome = vote["error"] or ("no risk applies" if vote["risk"] is None else f"risk {vote['risk']:.2f}")
    return f"{_plain(vote['model'])}: {outcome}"


def _grade_lines(grade: Mapping[str, Any]) -> Iterator[str]:
    where = "" if grade["context"] is None else f" (passage {grade['context'] + 1})"
    value = "no number" if grade["value"] is None else f"{grade['value']:.2f}"
    yield f"  = {grade['score']}{where}: {grade['level'].replace('_', ' ')}, {value}"
    if grade["reason"]:
        yield f"      {_plain(grade['reason'])}"
    if grade["quote"]:
        yield f"      [{grade['citations'][0][0]}] {_plain(grade['quote'])}"


def _headline(record: Mapping[str, Any]) -> str:
    if record["outcome"] == "failed":
        return f"failed: {_plain(record['error']['type'])}: {_plain(record['error']['message'])}"
    if record["outcome"] == "skipped":
        return f"skipped: {record['reason']} {_plain(record['detail'])}".rstrip()
    scores = [f"{name} {value:.2f}" for name, value in sorted(record["scores"].items())]
    missing = [f"{name} not applicable ({reason})" for name, reason in sorted(record["not_applicable"].items())]
    state = next(value for name, value in record["states"].items() if name != "risk")
    return " · ".join([state, *scores, *missing])


def _plain(text: str) -> str:
    """Text of a sample on one line and without control characters: it must not be able to drive a terminal."""
    line = " ".join(text.split())
    shown = line if len(line) <= QUOTE_LIMIT else line[: QUOTE_LIMIT - 1] + "…"
    return "".join(char if char.isprintable() else "\ufffd" for char in shown)
