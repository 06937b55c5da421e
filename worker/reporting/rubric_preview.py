"""A rubric as a person reads it, and what its judge would see of one sample."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from assay.judges.checks import check_checks
from assay.judges.errors import ConfigurationError, EvaluationError, UnjudgeableSample
from assay.judges.grades import missing_part
from assay.judges.llm.preview import CHARS_PER_TOKEN, asks_for, calls_for, estimated_tokens, models_asked, stable_part
from assay.judges.models.base import ChatMessage
from assay.judges.rubric import JudgeName, JudgePlan, Rubric
from assay.judges.rules import RULES_VERSION, apply_rules
from assay.judges.schema import Claim, ClaimVerdict, Record, RuleHit, Sample, Tier, Verdict
from assay.judges.text.form import statements
from assay.worker.batch.reading import LabelledSample, RawLine, open_samples, read_sample
from assay.worker.records.jsonl import BadLine


class PartView(Record):
    """One part of a sample: how much of it there is and, where it is known, where it was found."""

    name: str
    texts: int
    chars: int
    origin: str = ""


class RubricPreview(Record):
    """What a rubric's judge would see of a sample.

    Attributes:
        sentences: the numbered sentences of the response.
        hits: the rules that fire whatever the judge says.
        not_asked: why a score could not be given at all, by its name.
        calls: the messages of each call as they would be sent. Nonces are masked.
        tokens: the estimated tokens of all calls, to each model.
        models: who is sent each of the calls.
        asked_otherwise: the models of later tiers that are asked in another form, and for what.
        sent_when: when they are sent, in a cascade.
        is_cut: whether something is left out because it does not fit into a call.
        problem: why the sample could not be judged.
    """

    rubric: str
    version: str
    sample: str
    judge: str
    parts: tuple[PartView, ...]
    sentences: tuple[str, ...]
    hits: tuple[RuleHit, ...]
    not_asked: dict[str, str]
    calls: tuple[tuple[ChatMessage, ...], ...]
    tokens: int
    models: tuple[str, ...]
    asked_otherwise: tuple[str, ...]
    sent_when: str
    is_cut: bool
    problem: str = ""


def preview(sample: Sample, rubric: Rubric, origins: Mapping[str, str] | None = None) -> RubricPreview:
    """Lay a sample out as the rubric's judge would see it. No judge is asked.

    Args:
        sample: what would be judged.
        rubric: by what.
        origins: where each part was found, by its name, for samples that were taken out of a trace.

    Raises:
        RubricError: a rule or a check cannot work.
    """
    check_checks(rubric, f"rubric {rubric.name}")
    problem = ""
    calls: tuple[tuple[ChatMessage, ...], ...] = ()
    is_cut = False
    hits: tuple[RuleHit, ...] = ()
    try:
        conversations, is_cut = calls_for(sample, rubric)
        calls = tuple(tuple(messages) for messages in conversations)
        hits = _hits(sample, rubric)
    except UnjudgeableSample as exc:
        problem = str(exc)
    except EvaluationError as exc:
        problem = f"{type(exc).__name__}: {exc}"
    return RubricPreview(
        rubric=rubric.name,
        version=rubric.content_hash(),
        sample=sample.id,
        judge=judge_in_words(rubric),
        parts=_parts(sample, origins or {}),
        sentences=tuple(sample.response[span.start : span.end] for span in statements(sample.response)),
        hits=hits,
        not_asked={
            name: why
            for criterion in rubric.criteria
            if (why := missing_part(criterion, sample))
            for name in criterion.scores()
        },
        calls=calls,
        tokens=sum(estimated_tokens(messages) for messages in calls),
        models=_models(rubric, alike=True),
        asked_otherwise=_models(rubric, alike=False),
        sent_when=when_sent(rubric),
        is_cut=is_cut,
        problem=problem,
    )


def _models(rubric: Rubric, *, alike: bool) -> tuple[str, ...]:
    """The models that are asked as those of the first tier that asks one, or those that are asked otherwise."""
    asked = models_asked(rubric)
    wanted = [
        (tier, named) for tier, named in asked if (asks_for(rubric, tier) == asks_for(rubric, asked[0][0])) == alike
    ]
    return tuple(f"{tier} {named.model}" + ("" if alike else f" ({asks_for(rubric, tier)})") for tier, named in wanted)


def judge_in_words(rubric: Rubric) -> str:
    """Who judges: `code`, or the tiers with their model."""
    if rubric.method == "checks":
        return "code"
    return " > ".join(_tier_in_words(tier, rubric.judge) for tier in rubric.judge.tiers)


def _tier_in_words(tier: JudgeName, plan: JudgePlan) -> str:
    """A tier with the models it asks and where they are asked, as `panel (a, b at eu; majority)`."""
    named = [asked.model + (f" at {asked.endpoint}" if asked.endpoint else "") for asked in plan.models(tier)]
    decide = f"; {plan.panel.decide}" if tier == "panel" and plan.panel is not None else ""
    return f"{tier} ({', '.join(named)}{decide})" if named else tier


def when_sent(rubric: Rubric) -> str:
    """When a sample is sent to the models of a cascade, in words. Empty where they judge every sample."""
    plan, first = rubric.judge, rubric.judge.tiers[0]
    if not plan.is_cascade or plan.models(first):
        return ""
    if plan.stakes == "high":
        return f"every sample goes on from {first} to {plan.tiers[-1]}: high stakes"
    when = plan.escalate_when
    reasons = [f"its risk lies in {when.risk_between[0]:g}–{when.risk_between[1]:g}"]
    reasons += ["a rule fires"] if when.rule_hits else []
    reasons += [f"its state is {state.value}" for state in when.states]
    return f"a sample goes on from {first} where {' or '.join(reasons)}; of the rest {plan.audit_share:g}, by hash"


def description(rubric: Rubric) -> dict[str, Any]:
    """A rubric as data: what `show` prints, with the prompt's stable part and its estimated tokens."""
    stable = stable_part(rubric)
    return {
        **rubric.model_dump(mode="json"),
        "version": rubric.content_hash(),
        "rules_version": RULES_VERSION,
        "judged_by": judge_in_words(rubric),
        "state_score": rubric.state_score,
        "prompt": stable,
        "prompt_tokens_estimated": None if stable is None else len(stable) // CHARS_PER_TOKEN,
    }


def find_sample(path: Path, wanted: str | None) -> LabelledSample:
    """The sample of that id in a JSONL file, or its first. A file that is one JSON object is one sample.

    Raises:
        ConfigurationError: unreadable, no sample, or none of that id.
    """
    whole = _as_one_object(path)
    if whole is not None:
        return _wanted([RawLine(1, whole)], path, wanted)
    with open_samples(path) as source:
        return _wanted(source, path, wanted)


def _wanted(lines: Iterable[RawLine | BadLine], path: Path, wanted: str | None) -> LabelledSample:
    for line in lines:
        read = read_sample(line) if isinstance(line, RawLine) else line
        if isinstance(read, BadLine):
            if wanted is None:
                raise ConfigurationError(f"{path}: {read}")
        elif wanted is None or str(read.given_id) == wanted:
            return read
    key = "file" if wanted is None else f"id {wanted!r}"
    raise ConfigurationError(f"{path}: {key}: no such sample; name one that is there")


def _as_one_object(path: Path) -> bytes | None:
    """The file on one line, if it is one JSON object over several."""
    if path.suffix != ".json":
        return None
    try:
        return json.dumps(json.loads(path.read_bytes())).encode()
    except (OSError, ValueError):
        return None


def _hits(sample: Sample, rubric: Rubric) -> tuple[RuleHit, ...]:
    """Rules that fire on the response if the judge finds every sentence supported."""
    claims = [
        Claim(text=sample.response[s.start : s.end], span=s, verdict=ClaimVerdict.SUPPORTED, source="preview")
        for s in statements(sample.response)
    ]
    verdict = Verdict(judge="preview", tier=Tier.SCREEN, claims=tuple(claims))
    return apply_rules(sample, verdict, rubric).rule_hits


def _parts(sample: Sample, origins: Mapping[str, str]) -> tuple[PartView, ...]:
    texts: dict[str, list[str]] = {
        "question": [sample.question] if sample.question else [],
        "history": [turn.content for turn in sample.history],
        "contexts": list(sample.contexts),
        "response": [sample.response] if sample.response else [],
        "reference": [sample.reference] if sample.reference else [],
    }
    return tuple(
        PartView(name=name, texts=len(parts), chars=sum(map(len, parts)), origin=origins.get(name, ""))
        for name, parts in texts.items()
    )
