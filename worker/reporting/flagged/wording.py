"""What is said of a list of flagged answers, in every format: its denominator, and the parts of each answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from assay.judges.rubric import Rubric
from assay.worker.reporting.flagged.answers import FlaggedAnswer
from assay.worker.reporting.flagged.query import FlaggedQuery
from assay.worker.reporting.flagged.ranking import FlaggedCounts

SHELL_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:=/+@~")
"""Characters of a trace id that a shell takes as they are, `~` where no path begins with it."""

_OPTION_OR_HOME = re.compile(r"^[-~]|[=:]~")
"""What a command takes for an option, or a shell for a home directory, e.g. `-x` and `a=~b`; not `rag~x`."""

LONGEST_ID = 300
"""Characters of a trace id that is shown or put into a command. JSON has the whole of a longer one."""


def heading(query: FlaggedQuery, counts: FlaggedCounts) -> str:
    """The denominator in one sentence: `12 flagged of 240 judged answers: hallucination_risk 0.5 or more, …`."""
    cuts = " or ".join(dict.fromkeys(cut.words for cut in query.cuts))
    period = f"{moment(query.start)} to {moment(query.end)} UTC"
    where = f", use case {', '.join(query.use_cases)}" if query.use_cases else ""
    if not counts.judged and counts.forgotten:
        return f"no answer that was judged is in the ledger (any more): {period}{where}"
    if not counts.judged:
        return f"no answer was judged: {period}{where}"
    have = f" ({counts.with_score:,} have the score)" if counts.with_score < counts.judged else ""
    number = f"{counts.flagged:,} flagged" if counts.flagged else "nothing flagged"
    return f"{number} of {counts.judged:,} judged answers{have}: {cuts}, {period}{where}"


def notes(counts: FlaggedCounts, shown: Counter[str], problem: str) -> list[str]:
    """What a reader must know beside the list, a line each.

    Args:
        counts: what the list rests on.
        shown: how many of the answers were told by what.
        problem: what the store refused.
    """
    listed, n = sum(shown.values()), counts
    unjudged = f"not judged: {n.in_flight:,} in flight, {n.unanswered:,} skipped or dead; see assay status"
    lines = (
        (n.flagged > listed, f"the {listed:,} worst of {n.flagged:,} are shown; --limit shows more"),
        (
            shown["comment"],
            f"{shown['comment']:,} told by the comment in the store: the verdict is kept for a day only",
        ),
        (shown["nothing"], f"{shown['nothing']:,} without a word: verdict expired, and no comment in the store"),
        (n.unwritten, f"{n.unwritten:,} flagged answers have no score in the store yet"),
        (n.boosted, f"{n.boosted:,} judged by a stratum's raised rate: this list is no rate, assay report has those"),
        (n.stored, f"{n.stored:,} of the judged are an earlier ledger's, found in the store"),
        (n.unread, f"{n.unread:,} more are an earlier ledger's, and their scores were not read"),
        (n.in_flight or n.unanswered, unjudged),
        (
            n.forgotten,
            f"{n.forgotten:,} scored answers of these days are not in the ledger, which keeps two weeks; assay report "
            "and assay why tell them by the record",
        ),
        (problem, "the trace store failed: links, evidence and comments may be missing"),
    )
    return [text for holds, text in lines if holds]


def moment(when: datetime) -> str:
    """A moment to the minute, in UTC: `2026-11-28 22:01`."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M}"


def verdict_words(answer: FlaggedAnswer) -> str:
    """What was said of the sentence: `not found`, `rule refund-promise`, `tone: rude`."""
    problem = answer.problem
    if problem.verdict == "rule_hit":
        return f"rule {problem.criterion.partition(':')[2] or problem.criterion}"
    if problem.verdict == "supported":
        return "supported, but in doubt"
    word = problem.verdict.replace("_", " ")
    return f"{problem.criterion}: {word}" if problem.criterion else word


def evidence_lines(answer: FlaggedAnswer) -> Iterator[str]:
    """What the sentence was held against, a line for each stretch, and what there is instead."""
    for stretch in answer.evidence:
        part = {"contexts": "passage", "history": "turn"}.get(stretch.citation.part, stretch.citation.part)
        number = f" {stretch.citation.index + 1}" if stretch.citation.part in {"contexts", "history"} else ""
        at = f"characters {stretch.citation.start}–{stretch.citation.end}"
        yield f"{part}{number}: {f'“{stretch.text}”' if stretch.text else at}"
    if answer.evidence_note:
        yield answer.evidence_note


def judge_words(answer: FlaggedAnswer) -> str:
    """Who judged: `local (screen), revision 904b364ef0f5`."""
    tier = ", ".join(part for part in (answer.tier, answer.model) if part)
    who = (answer.judge or "not known") + (f" ({tier})" if tier else "")
    return f"{who}, rubric {answer.rubric}" + (f", revision {answer.revision[:12]}" if answer.revision else "")


def told_by_words(answer: FlaggedAnswer) -> str:
    """What an answer without a verdict is told by."""
    return answer.comment if answer.told_by == "comment" else "the verdict has expired, and the store shows no comment"


def why_command(trace_id: str) -> str:
    """The command that tells more, or nothing where the id would have to be quoted."""
    is_plain = (
        0 < len(trace_id) <= LONGEST_ID and not _OPTION_OR_HOME.search(trace_id) and SHELL_SAFE.issuperset(trace_id)
    )
    return f"assay why {trace_id}" if is_plain else ""


def other_rubrics(query: FlaggedQuery, rubrics: Iterable[Rubric]) -> list[str]:
    """A line that names the rubrics in use whose scores the list does not look at."""
    names = sorted(rubric.name for rubric in rubrics if rubric.name not in query.rubrics)
    return [f"not in this list: rubric {', '.join(names)}; see assay flagged --rubric {names[0]}"] if names else []
