"""What a check says, in sentences that fit into a terminal, a report and a message."""

from __future__ import annotations

from assay.worker.signals.drift.records import Change, DriftCheck, FeatureDrift

NAMES = {
    "question_length": "length of questions",
    "question_language": "language of questions",
    "question_topics": "topics of questions",
    "question_vectors": "content of questions",
    "answer_length": "length of answers",
    "answer_language": "language of answers",
    "answer_topics": "topics of answers",
    "answer_vectors": "content of answers",
    "refusals": "refusals",
    "empty_answers": "empty answers",
    "passages": "passages per answer",
    "no_passages": "answers without passages",
    "model_served": "model served",
    "model_not_asked": "another model than asked",
}
"""Each feature in words."""


def check_line(check: DriftCheck) -> str:
    """What a check came to, e.g. `support-bot: drift in language of answers (English 80 % to 61 %)`."""
    if check.state == "waiting":
        return f"{check.use_case}: not compared: {check.note}"
    if not check.drifted:
        compared = sum(each.p_value is not None for each in check.features)
        return f"{check.use_case}: no drift shown in {compared} features, n = {check.n:,}"
    return f"{check.use_case}: drift in {'; '.join(map(drift_words, check.drifted))}; n = {check.n:,}"


def drift_words(feature: FeatureDrift) -> str:
    """A feature and the change in it that tells most."""
    change = largest_change(feature)
    name = NAMES.get(feature.feature, feature.feature)
    if feature.kind == "vectors":
        return f"{name} (as if {feature.size or 0:.0%} of the traffic had moved to another topic)"
    return f"{name} ({change_words(change)})" if change else name


def largest_change(feature: FeatureDrift) -> Change | None:
    """The bin whose share changed most; of yes and no it is yes, and of two alike the one that grew, and has a name."""
    if feature.kind == "share":
        return next((change for change in feature.changes if change.name == "yes"), None)
    by_size = sorted(feature.changes, key=lambda change: (abs(change.now - change.before), change.now))
    return by_size[-1] if by_size else None


def change_words(change: Change) -> str:
    """E.g. `de 12 % to 31 %`."""
    name = "" if change.name == "yes" else f"{change.name} "
    return f"{name}{change.before:.1%} to {change.now:.1%}"


def period_words(check: DriftCheck) -> str:
    """Which traffic was held against what."""
    if check.since is None or check.until is None:
        return ""
    baseline_at = f", captured {check.baseline_at:%Y-%m-%d}" if check.baseline_at else ""
    return (
        f"{check.since:%Y-%m-%d %H:%M} to {check.until:%Y-%m-%d %H:%M} UTC, n = {check.n:,}, against baseline "
        f"{check.baseline} ({check.baseline_of}; n = {check.n_baseline:,}{baseline_at})"
    )
