"""Golden runs and gate results for people and pipelines: terminal, Markdown, versioned JSON, JUnit XML."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from judges.schema import Claim
from worker.golden.decide import ItemStatus
from worker.golden.exam import ExamState, JudgeExam
from worker.golden.gate import GateResult, GateVerdict, Pair
from worker.golden.run import GoldenRun, ItemResult
from worker.statistics.intervals import Estimate

_COLOURS = {GateVerdict.PASS: "green", GateVerdict.REGRESSED: "red", GateVerdict.INCONCLUSIVE: "yellow"}
_SHOWN = 10


def print_run(run: GoldenRun, console: Console) -> None:
    """One run: counts, pass rate, cost, and the first items that did not pass."""
    lines = [f"{run.golden_set} · {run.target} · evaluator {run.revision[:12]}", *_run_facts(run)]
    parts: list[RenderableType] = [_plain(line) for line in lines]
    troubled = [item for item in run.items if item.status is not ItemStatus.PASSED]
    if troubled:
        parts.append(_item_table(troubled))
        parts.extend(_more(len(troubled)))
    console.print(Group(*parts))


def print_gate(result: GateResult, console: Console) -> None:
    """A gate result: the verdict and why first, then what it rests on."""
    heading = Text(
        f"{result.verdict.value.upper()} (exit {result.exit_code})", style=f"bold {_COLOURS[result.verdict]}"
    )
    parts: list[RenderableType] = [heading]
    parts.extend(_plain(f"  {reason}") for reason in result.reasons)
    parts.append(_plain(f"{result.golden_set}: {result.candidate} against {result.baseline}"))
    parts.extend(_plain(line) for line in _gate_facts(result))
    if result.discordant:
        parts.append(_pair_table(result.discordant))
        parts.extend(_more(len(result.discordant)))
    console.print(Group(*parts))


def run_json(run: GoldenRun) -> str:
    """A run as JSON, `schema` 1; `GoldenRun.model_validate_json` reads it again."""
    return run.model_dump_json(indent=2)


def gate_json(result: GateResult) -> str:
    """A gate result as JSON, `schema` 1, with its exit code."""
    data: dict[str, Any] = result.model_dump(mode="json") | {"exit_code": result.exit_code}
    return json.dumps(data, indent=2, ensure_ascii=False)


def run_markdown(run: GoldenRun) -> str:
    """A run in Markdown, short."""
    troubled = [item for item in run.items if item.status is not ItemStatus.PASSED][:_SHOWN]
    lines = [f"### Golden run: {_md(run.golden_set)} · {_md(run.target)}", ""]
    lines += [f"- {_md(fact)}" for fact in _run_facts(run)]
    if troubled:
        lines += ["", "| item | status | why | worst claim |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {_md(i.id)} | {i.status.value} | {_md('; '.join(i.reasons))} | {_md(_claim(i))} |" for i in troubled
        ]
    return "\n".join(lines) + "\n"


def gate_markdown(result: GateResult) -> str:
    """A gate result in Markdown, for a pull request."""
    lines = [f"### Gate: **{result.verdict.value}** ({_md(result.candidate)} against {_md(result.baseline)})", ""]
    lines += [f"- {_md(line)}" for line in (*result.reasons, *_gate_facts(result))]
    pairs = result.discordant[:_SHOWN]
    if pairs:
        lines += ["", "| item | change | before | now |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {_md(p.candidate.id)} | {_change(p)} | {_md(_side(p.baseline))} | {_md(_side(p.candidate))} |"
            for p in pairs
        ]
    return "\n".join(lines) + "\n"


def run_junit(run: GoldenRun) -> str:
    """A run as JUnit XML: one test case an item; failed is a failure, missing is an error."""
    suite = ElementTree.Element(
        "testsuite",
        name=_xml(f"{run.golden_set} {run.target}"),
        tests=str(len(run.items)),
        failures=str(run.count(ItemStatus.FAILED)),
        errors=str(run.count(ItemStatus.MISSING)),
        timestamp=run.started.isoformat(),
        time=f"{(run.finished - run.started).total_seconds():.3f}",
    )
    for item in run.items:
        case = ElementTree.SubElement(suite, "testcase", classname=_xml(run.golden_set), name=_xml(item.id))
        if item.status is not ItemStatus.PASSED:
            kind = "failure" if item.status is ItemStatus.FAILED else "error"
            entry = ElementTree.SubElement(case, kind, message=_xml("; ".join(item.reasons)))
            entry.text = _xml(_claim(item))
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def share(estimate: Estimate | None) -> str:
    """A share with its interval and n, in words."""
    if estimate is None:
        return "not estimable"
    groups = f" in {estimate.n_clusters} sources" if estimate.n_clusters is not None else ""
    return f"{estimate.value:.1%} [{estimate.low:.1%}, {estimate.high:.1%}], n = {estimate.n}{groups}"


def _run_facts(run: GoldenRun) -> list[str]:
    counts = ", ".join(f"{run.count(status)} {status.value}" for status in ItemStatus)
    cost = "cost unknown (no price)" if run.cost_usd is None else f"{run.cost_usd:.4f} USD"
    tokens = run.usage.prompt_tokens + run.usage.completion_tokens
    seconds = (run.finished - run.started).total_seconds()
    return [
        f"{len(run.items)} items: {counts}",
        f"pass rate {share(run.pass_rate())}",
        f"judging: {run.usage.calls} model calls, {tokens} tokens, {cost}; {seconds:.1f} s",
    ]


def _gate_facts(result: GateResult) -> list[str]:
    p_value = "not estimable" if result.p_value is None else f"{result.p_value:.3g}"
    drop = result.minimum_detectable_drop
    flips = f"if {result.assumed_flip_rate:.0%} of the items flip each way by chance"
    seen = (
        f"drops from {drop:.1%} are caught with 80 % power {flips}"
        if drop is not None
        else "too few items for any drop"
    )
    return [
        f"baseline pass rate {share(result.baseline_pass_rate)}, {result.baseline_missing} missing",
        f"candidate pass rate {share(result.candidate_pass_rate)}, {result.candidate_missing} missing",
        f"{result.worse} worse, {result.better} better of {result.n}; one-sided p = {p_value}, alpha {result.alpha:g}",
        f"with {result.n} items {seen}",
        _exam_fact(result.exam),
        f"evaluator {result.revision[:12]}",
        *(
            f"slice {s.tag}: {s.baseline_passed} → {s.candidate_passed} of {s.n} passed (reported, not tested)"
            for s in result.slices
        ),
    ]


def _exam_fact(exam: JudgeExam | None) -> str:
    if exam is None:
        return "judge: not examined"
    rates = f"sensitivity {share(exam.sensitivity)}; specificity {share(exam.specificity)}"
    why = "" if exam.state is ExamState.UNEXAMINED and not exam.reason else f": {exam.reason}"
    return f"judge exam {exam.state.value}{why}; {rates}"


def _item_table(items: list[ItemResult]) -> Table:
    table = Table("item", "status", "why", "worst claim", expand=True)
    for item in items[:_SHOWN]:
        row = (item.id, item.status.value, "; ".join(item.reasons), _claim(item))
        table.add_row(*(_plain(cell) for cell in row))
    return table


def _pair_table(pairs: tuple[Pair, ...]) -> Table:
    table = Table("item", "change", "before", "now", expand=True)
    for pair in pairs[:_SHOWN]:
        row = (pair.candidate.id, _change(pair), _side(pair.baseline), _side(pair.candidate))
        table.add_row(*(_plain(cell) for cell in row))
    return table


def _more(total: int) -> list[RenderableType]:
    return [Text(f"… and {total - _SHOWN} more")] if total > _SHOWN else []


def _change(pair: Pair) -> str:
    return "worse" if pair.worse else "better"


def _side(item: ItemResult) -> str:
    """One side of a pair: how it ended, why, and the claim that was wrong."""
    return ": ".join(part for part in (item.status.value, "; ".join(item.reasons), _claim(item)) if part)


def _claim(item: ItemResult) -> str:
    claim: Claim | None = item.worst_claim
    return "" if claim is None else f"{claim.verdict.value}: {_clip(claim.text)}"


def _clip(text: str, limit: int = 160) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _md(text: str) -> str:
    """Text that Markdown shows as it is: judged text is hostile and must not become markup, links or mentions."""
    flat = " ".join(_printable(text).split())
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", flat)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")


def _plain(text: str) -> Text:
    """Text the terminal shows as it is: no rich markup, no control characters."""
    return Text(_printable(text))


def _printable(text: str) -> str:
    """Text without control characters, which a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text)


def _xml(text: str) -> str:
    """Text without the characters XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]", "\ufffd", text)
