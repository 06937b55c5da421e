"""Golden runs and gate results for people and pipelines: terminal, Markdown, versioned JSON, JUnit XML."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from judges.schema import Claim
from worker.golden.comparison import GateResult, GateVerdict, Pair
from worker.golden.decide import ItemStatus
from worker.golden.facts import gate_facts, run_facts
from worker.golden.result import GoldenRun, ItemResult

_COLOURS = {GateVerdict.PASS: "green", GateVerdict.REGRESSED: "red", GateVerdict.INCONCLUSIVE: "yellow"}
_SHOWN = 10


def print_run(run: GoldenRun, console: Console) -> None:
    """One run: counts, pass rate, cost, and the first items that did not pass."""
    lines = [f"{run.golden_set} · {run.target} · evaluator {run.revision[:12]}", *run_facts(run)]
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
    parts.extend(_plain(f"  warning: {warning}") for warning in result.warnings)
    parts.append(_plain(f"{result.golden_set}: {result.candidate} against {result.baseline}"))
    parts.extend(_plain(line) for line in gate_facts(result))
    if result.discordant:
        parts.append(_pair_table(result.discordant))
        parts.extend(_more(len(result.discordant)))
    console.print(Group(*parts))


def run_json(run: GoldenRun) -> str:
    """A run as JSON, `schema` 2; `GoldenRun.model_validate_json` reads it again."""
    return run.model_dump_json(indent=2)


def gate_json(result: GateResult) -> str:
    """A gate result as JSON, `schema` 2, with its exit code and the ids of the items that changed."""
    data: dict[str, Any] = result.model_dump(mode="json") | {
        "exit_code": result.exit_code,
        "items_worse": [pair.id for pair in result.discordant if pair.worse],
        "items_better": [pair.id for pair in result.discordant if pair.better],
    }
    return json.dumps(data, indent=2, ensure_ascii=False)


def run_markdown(run: GoldenRun) -> str:
    """A run in Markdown, short."""
    troubled = [item for item in run.items if item.status is not ItemStatus.PASSED][:_SHOWN]
    lines = [f"### Golden run: {_md(run.golden_set)} · {_md(run.target)}", ""]
    lines += [f"- {_md(fact)}" for fact in run_facts(run)]
    if troubled:
        lines += ["", "| item | status | why | worst claim |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {_md(i.id)} | {i.status.value} | {_md('; '.join(i.reasons))} | {_md(_claim(i))} |" for i in troubled
        ]
    return "\n".join(lines) + "\n"


def gate_markdown(result: GateResult) -> str:
    """A gate result in Markdown, for a pull request."""
    lines = [f"### Gate: **{result.verdict.value}** ({_md(result.candidate)} against {_md(result.baseline)})", ""]
    lines += [
        f"- {_md(line)}" for line in (*result.reasons, *(f"warning: {w}" for w in result.warnings), *gate_facts(result))
    ]
    pairs = result.discordant[:_SHOWN]
    if pairs:
        lines += ["", "| item | change | before | now |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {_md(pair.id)} | {_change(pair)} | {_md(_side(before))} | {_md(_side(after))} |"
            for pair in pairs
            for before, after in [pair.telling]
        ]
    return "\n".join(lines) + "\n"


def run_junit(run: GoldenRun) -> str:
    """A run as JUnit XML: one test case an answer; failed is a failure, missing is an error."""
    seconds = (run.finished - run.started).total_seconds()
    return _junit(f"{run.golden_set} {run.target}", run.items, classname=run.golden_set, seconds=seconds)


def gate_junit(result: GateResult) -> str:
    """A gate's candidate as JUnit XML."""
    items = [item for pair in result.pairs for item in pair.candidate]
    both = (result.started, result.finished)
    seconds = 0.0 if both[0] is None or both[1] is None else (both[1] - both[0]).total_seconds()
    return _junit(f"{result.golden_set} {result.candidate}", items, classname=result.golden_set, seconds=seconds)


def _junit(name: str, items: Sequence[ItemResult], *, classname: str, seconds: float) -> str:
    statuses = [item.status for item in items]
    suite = ElementTree.Element(
        "testsuite",
        name=_xml(name),
        tests=str(len(items)),
        failures=str(statuses.count(ItemStatus.FAILED)),
        errors=str(statuses.count(ItemStatus.MISSING)),
        time=f"{seconds:.3f}",
    )
    repeated = any(item.repeat for item in items)
    for item in items:
        label = f"{item.id} #{item.repeat + 1}" if repeated else item.id
        case = ElementTree.SubElement(suite, "testcase", classname=_xml(classname), name=_xml(label))
        if item.status is not ItemStatus.PASSED:
            kind = "failure" if item.status is ItemStatus.FAILED else "error"
            entry = ElementTree.SubElement(case, kind, message=_xml("; ".join(item.reasons)))
            entry.text = _xml(_claim(item))
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _item_table(items: list[ItemResult]) -> Table:
    table = Table("item", "status", "why", "worst claim", expand=True)
    for item in items[:_SHOWN]:
        row = (item.id, item.status.value, "; ".join(item.reasons), _claim(item))
        table.add_row(*(_plain(cell) for cell in row))
    return table


def _pair_table(pairs: tuple[Pair, ...]) -> Table:
    table = Table("item", "change", "before", "now", expand=True)
    for pair in pairs[:_SHOWN]:
        before, after = pair.telling
        row = (pair.id, _change(pair), _side(before), _side(after))
        table.add_row(*(_plain(cell) for cell in row))
    return table


def _more(total: int) -> list[RenderableType]:
    return [Text(f"… and {total - _SHOWN} more")] if total > _SHOWN else []


def _change(pair: Pair) -> str:
    word = "worse" if pair.worse else "better"
    return word if len(pair.candidate) == 1 else f"{word} in {abs(pair.drop)} of {len(pair.candidate)}"


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
