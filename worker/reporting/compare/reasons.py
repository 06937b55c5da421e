"""Why the verdict of a row is what it is, in a sentence, with the remedy where there is one."""

from __future__ import annotations

from assay.worker.reporting.compare.question import Metric
from assay.worker.reporting.compare.result import CompareRow, SideAnswers, Tested
from assay.worker.reporting.compare.shares import LEAST_ANSWERS, LEAST_SESSIONS
from assay.worker.reporting.compare.verdict import CompareRules, Reason

_SCORES = {Metric.PROBLEM_SHARE: "risk", Metric.FLAGGED: "risk", Metric.FAITHFUL: "faithfulness"}
"""What an answer has to have for a metric."""


def reason_words(row: CompareRow, rules: CompareRules) -> str:
    """The sentence of one row."""
    words = {
        Reason.SHOWN_WORSE: "b is shown to be worse",
        Reason.MORE_EMPTY: "b is shown to give no answer more often",
        Reason.NOT_SHOWN_WORSE: "b is not shown to be worse",
        Reason.NOT_JUDGED: _not_judged_words(row),
        Reason.OTHER_REVISIONS: "no evaluator revision judged both sides, and rates of two are never compared; "
        "judge one side again by the present one: assay backfill --rejudge --from … --to …",
        Reason.NO_RATE: _no_rate_words(row),
        Reason.MOST_LEFT_OUT: f"only {row.compared:.0%} of the judged answers of b were compared: another evaluator "
        "revision judged the rest; judge a again by that one: assay backfill --rejudge --from … --to …",
        **_words_of_rises(),
        **(_words_of_test(row.tested, rules) if row.tested is not None else {}),
    }
    return words[row.reason]


def _words_of_test(test: Tested, rules: CompareRules) -> dict[Reason, str]:
    margin, seen = f"{100 * (rules.margin or 0):g} points", f"{100 * rules.must_see:g} points"
    worst, needed = f"{100 * test.at_worst:+.1f} points", _needed_words(test)
    excluded = f"{seen} (--must-see)" if rules.margin is None else f"{margin} (--non-inferior)"
    return {
        Reason.SHOWN_NO_WORSE: f"b is shown to be worse by less than {margin} (at worst {worst})",
        Reason.NOT_SHOWN_NO_WORSE: f"b is not shown to stay within {margin} (at worst {worst}){needed}",
        Reason.TOO_FEW: f"each side takes {LEAST_ANSWERS} answers of {LEAST_SESSIONS} sessions at least; "
        f"a has {_counts(test.a.n, test.a.n_clusters)}, b has {_counts(test.b.n, test.b.n_clusters)}{needed}",
        Reason.BLIND: f"so few answers would not show even {seen} (--must-see){needed}",
        Reason.UNANSWERED_HIDE: f"unanswered traces could hide a worsening of {excluded}; "
        "see why they were not judged (assay status), or take it as it is (--accept unanswered)",
    }


def _words_of_rises() -> dict[Reason, str]:
    return {
        Reason.MORE_UNANSWERED: "b is shown to leave more traces unanswered, and nobody knows whether their answers "
        "are good; see why (assay status), or take it as it is (--accept unanswered)",
        Reason.MORE_REFUSALS: "b is shown to refuse more, and the rate is of the other answers alone; "
        "ask for that (--metric refusals), or take it as meant (--accept refusals)",
        Reason.MORE_WITHOUT_SCORE: "b is shown to have more answers without a score to compare, e.g. for want of "
        "evidence; look at some of them, or take it as meant (--accept without_score)",
    }


def _needed_words(test: Tested) -> str:
    """How many answers it takes, where a side has fewer."""
    if min(test.a.n, test.b.n) >= test.needed:
        return ""
    return f"; about {test.needed:,} answers are needed on each side"


def _counts(answers: int, sessions: int | None) -> str:
    return f"{answers:,}" if sessions in {None, answers} else f"{answers:,} of {sessions:,} sessions"


def _not_judged_words(row: CompareRow) -> str:
    sides = [(name, side) for name, side in _sides(row) if not side.answers]
    where = " and ".join(f"side {name}" for name, _ in sides)
    there = [f"{_ends(side)} of {name}" for name, side in sides if side.unanswered or side.empty]
    if there:
        return f"nothing was judged on {where} in this use case: {', '.join(there)}; see assay status"
    return f"nothing was judged on {where} in this use case; wait for traffic, or name others with --use-case"


def _ends(side: SideAnswers) -> str:
    counts = ((side.unanswered, "unanswered traces"), (side.empty, "empty answers"))
    return " and ".join(f"{count:,} {name}" for count, name in counts if count)


def _no_rate_words(row: CompareRow) -> str:
    for name, side in _sides(row):
        if not side.with_score and side.refused == side.answers:
            return f"every judged answer of {name} refused: there is no rate of others; ask for --metric refusals"
        if not side.with_score:
            return f"no answer of {name} has a {_SCORES.get(row.metric or Metric.FLAGGED, 'score')}: nothing to compare"
        if side.with_score < LEAST_ANSWERS:
            return f"each side takes {LEAST_ANSWERS} answers at least; {name} has {side.with_score}"
        if side.sessions < 2:
            return (
                f"all {side.with_score:,} answers of {name} are of one session, which counts as one draw; "
                "does the application give each conversation an id of its own?"
            )
    if row.metric is Metric.PROBLEM_SHARE:
        return "the risk is not calibrated on both sides; take --metric flagged, or calibrate (assay calibrate)"
    return "the rate cannot be estimated on both sides: of a cascade's answers only risks are compared"


def _sides(row: CompareRow) -> tuple[tuple[str, SideAnswers], ...]:
    return ("a", row.a), ("b", row.b)
