"""Runs and gate results in Markdown, for a pull request: what regressed, by how much, and what that rests on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from assay.worker.golden.report.wording.answers import change_words, claim_words, printable, side_words
from assay.worker.golden.report.wording.exam import fallen_words
from assay.worker.golden.report.wording.facts import gate_facts, primary_change, run_facts
from assay.worker.golden.report.wording.next_steps import shown_fallen
from assay.worker.golden.report.wording.numbers import change_of, mean_of, metric_name, n_words, p_value_of
from assay.worker.golden.results.gate_result import GateResult, GateVerdict, MetricTest, Pair
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun

_SHOWN = 10
_REASONS = 20
_FACTS = 60
_SIGNS = {GateVerdict.PASS: "✅", GateVerdict.REGRESSED: "❌", GateVerdict.INCONCLUSIVE: "⚠️"}


def gate_markdown(result: GateResult, page: str | None = None) -> str:
    """A gate result in Markdown, for a pull request; `page` is where the HTML page lies.

    Bounded: at most ten items and twenty reasons, so that it fits into one comment however many items failed.
    """
    sign, verdict = _SIGNS[result.verdict], result.verdict.value
    title = (
        f"{sign} Gate: **{verdict}** ({_md(result.candidate)} against {_md(result.baseline)}, {_md(result.golden_set)})"
    )
    blocks = [[f"### {title}"], _reasons(result), _metric_table(result), _pair_table(result.discordant)]
    facts = [f"- {_md(line)}" for line in gate_facts(result)[:_FACTS]]
    folded = ["<details><summary>What this rests on</summary>", "", *facts, "", "</details>"]
    return _joined([*blocks, _page_line(page), folded])


def run_markdown(run: GoldenRun, page: str | None = None) -> str:
    """A run in Markdown, short."""
    troubled = [item for item in run.items if item.status is not ItemStatus.PASSED]
    table = []
    if troubled:
        table = ["| item | status | why | worst claim |", "| --- | --- | --- | --- |"]
        table += [
            f"| {_md(item.id)} | {item.status.value} | {_md('; '.join(item.reasons))} | {_md(claim_words(item))} |"
            for item in troubled[:_SHOWN]
        ]
        table += _more(len(troubled))
    lines = (*run_facts(run), *fallen_words(run.exam), f"evaluator {run.revision[:12]}")
    facts = [f"- {_md(line)}" for line in lines]
    head = [f"### Golden run: {_md(run.golden_set)} · {_md(run.target)}"]
    return _joined([head, facts, table, _page_line(page)])


def _reasons(result: GateResult) -> list[str]:
    lines = [*result.reasons, *shown_fallen(result), *(f"warning: {warning}" for warning in result.warnings)]
    lines += [f"next: {step}" for step in result.next_steps]
    more = [f"- … and {len(lines) - _REASONS} more"] if len(lines) > _REASONS else []
    return [f"- {_md(line)}" for line in lines[:_REASONS]] + more


def _metric_table(result: GateResult) -> list[str]:
    head = [
        "| metric | baseline | candidate | change | n | p, one-sided | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    return head + [_metric_line(test, result) for test in (result.primary, *result.secondaries)]


def _metric_line(test: MetricTest, result: GateResult) -> str:
    primary = test is result.primary
    p_value = test.p_value if primary else test.adjusted_p
    tested = p_value_of(p_value) + ("" if primary or p_value is None else " (Holm)")
    name = f"**{metric_name(test.metric)}**" if primary else metric_name(test.metric)
    cells = [
        mean_of(test, test.baseline),
        mean_of(test, test.candidate),
        _md(_change(test, result)),
        n_words(test),
        tested,
    ]
    return f"| {name} | {' | '.join(cells)} | {'**worse**' if test.shown_worse else ''} |"


def _change(test: MetricTest, result: GateResult) -> str:
    if test is result.primary:
        words, rests_on = primary_change(result)
        interval, _, n = rests_on.rpartition(", ")
        return f"{words} ({interval})" if interval and n else words
    return change_of(test)


def _pair_table(pairs: Sequence[Pair]) -> list[str]:
    if not pairs:
        return []
    lines = ["| item | change | before | now |", "| --- | --- | --- | --- |"]
    for pair in pairs[:_SHOWN]:
        before, after = pair.telling
        lines.append(
            f"| {_md(pair.id)} | {change_words(pair)} | {_md(side_words(before))} | {_md(side_words(after))} |"
        )
    return lines + _more(len(pairs))


def _more(total: int) -> list[str]:
    return ["", f"… and {total - _SHOWN} more"] if total > _SHOWN else []


def _page_line(page: str | None) -> list[str]:
    """Where to see both answers: a link where it is an address, else the name of the file."""
    if page is None:
        return []
    if re.fullmatch(r"https?://[^\s<>()\[\]`|]+", page):
        return [f"[Both answers to every item, side by side](<{page}>)"]
    return [f"Both answers to every item, side by side: {_md(page)}"]


def _joined(blocks: Iterable[Sequence[str]]) -> str:
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _md(text: str) -> str:
    """Text that Markdown shows as it is: judged text is hostile and must not become markup, links or mentions."""
    flat = " ".join(printable(text).split())
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", flat)
    # A bare address would become a link all the same.
    escaped = escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")
    return re.sub(r"(?i)\b(https?|ftp)://", r"\1&#58;//", escaped).replace("www.", "www&#46;")
