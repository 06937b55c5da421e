"""What a person sees at the end of the demo."""

from __future__ import annotations

from rich.box import SIMPLE
from rich.console import Console
from rich.rule import Rule
from rich.table import Table

from assay.worker.demo.result import DemoResult, WorstTrace
from assay.worker.golden.results.gate_result import GateResult, GateVerdict
from assay.worker.reporting.period.words import percent as share_words
from assay.worker.reporting.terminal.funnel import funnel_table
from assay.worker.reporting.terminal.text import percent, shown
from assay.worker.statistics.intervals import Estimate

_JUDGES = {
    "grounding": "the local judge (no key, no network; a screen, see judges/local/CARD.md)",
    "grounding-llm": "the LLM judge at your OpenAI-compatible endpoint",
}
_COLOURS = {GateVerdict.PASS: "green", GateVerdict.REGRESSED: "red", GateVerdict.INCONCLUSIVE: "yellow"}


def show(result: DemoResult, console: Console) -> None:
    """Print the findings, section by section."""
    console.print(Rule("[bold]Assay demo", align="left"))
    judge = _JUDGES[result.judge] + (f" ({result.model})" if result.model else "")
    console.print(
        f"{result.imported:,} real answers were imported as yesterday's traces and judged by {judge}.\n"
        "People labelled all of them; the labels are only compared with, below."
    )
    _funnel(result, console)
    _scores(result, console)
    _worst(result, console)
    _agreement(result, console)
    _gates(result, console)
    _end(result, console)


def _funnel(result: DemoResult, console: Console) -> None:
    console.print(Rule("1  Every trace is accounted for", align="left", style="dim"))
    console.print(funnel_table(result.funnel))
    console.print(
        f"{result.scores_in_store:,} scores were read back from the store, each under its trace's id. "
        f"A second sweep selected {result.second_sweep_selected} more."
    )


def _scores(result: DemoResult, console: Console) -> None:
    console.print(Rule("2  Scores of the judged answers", align="left", style="dim"))
    table = Table("use case", "score", "median, weighted by 1/π", box=SIMPLE)
    for case in result.report:
        for row in case.revisions:
            for name in ("faithfulness", "groundedness", "risk"):
                table.add_row(case.use_case, name, _median(getattr(row.rates, f"median_{name}")))
    console.print(table)
    revisions = dict.fromkeys(row.revision[:12] for case in result.report for row in case.revisions)
    console.print(f"[dim]evaluator revision {', '.join(revisions)}[/]\n")
    for rate in result.weighted:
        console.print(
            f"[bold]{rate.use_case}[/]: people marked {rate.human_share_of_all:.1%} of all {rate.seen:,} answers.\n"
            f"  expected share of answers with a problem: [bold]{share_words(rate.problem)}[/]\n"
            f"  flagged, of those with a risk:            {share_words(rate.flagged)}",
            highlight=False,
        )


def _median(median: Estimate | None) -> str:
    if median is None:
        return "none"
    return f"{median.value:.2f} ({median.low:.2f}–{median.high:.2f}, n={median.n})"


def _worst(result: DemoResult, console: Console) -> None:
    console.print(Rule("3  The worst answers, and the sentence that is wrong", align="left", style="dim"))
    for worst in result.worst:
        human = "[green]people marked it too[/]" if worst.human_label else "[yellow]people did not mark it[/]"
        console.print(f"[bold]{worst.use_case}[/]  risk {worst.risk:.2f}  {human}", highlight=False)
        console.print(_worst_details(worst), highlight=False)


def _worst_details(worst: WorstTrace) -> Table:
    details = Table.grid(padding=(0, 1, 0, 2))
    details.add_row("[dim]trace[/]", f"[dim]{worst.trace_id}[/]")
    details.add_row("asked", shown(_clip(worst.question, 140)))
    details.add_row("said", f"[italic]{shown(_clip(worst.sentence, 280))}[/]")
    details.add_row(worst.verdict.replace("_", " "), shown(_clip(worst.reason, 140)))
    return details


def _agreement(result: DemoResult, console: Console) -> None:
    console.print(Rule("4  Does the judge agree with people?", align="left", style="dim"))
    table = Table("judged answers", "n (marked)", "AUROC", "balanced accuracy", box=SIMPLE)
    for row in result.agreement:
        balanced = row.rates.balanced_accuracy if row.rates else None
        table.add_row(row.group, f"{row.n} ({row.n_marked})", _bare(row.auroc), _bare(balanced))
    console.print(table)
    for row in result.agreement:
        if row.rates is not None:
            console.print(
                f"  {row.group}: sensitivity {percent(row.rates.sensitivity)},\n"
                f"    specificity {percent(row.rates.specificity)}",
                highlight=False,
            )
    console.print("[dim]flagged = risk ≥ 0.5; 95 % intervals over conversations, not over single answers[/]")


def _bare(estimate: Estimate | None) -> str:
    """A number with its interval; its n stands in the row."""
    return "not estimable" if estimate is None else f"{estimate.value:.3f} ({estimate.low:.3f}–{estimate.high:.3f})"


def _gates(result: DemoResult, console: Console) -> None:
    console.print(Rule("5  The deploy gate on the frozen golden set", align="left", style="dim"))
    exam = result.exam
    console.print(
        f"judge's exam on {exam.positives + exam.negatives} labelled anchors: [bold]{exam.state}[/]\n"
        f"  sensitivity {percent(exam.sensitivity)}, specificity {percent(exam.specificity)}",
        highlight=False,
    )
    for gate, page in zip(result.gates, result.pages, strict=True):
        console.print(_gate_lines(gate), highlight=False)
        console.print(f"  [dim]both answers to every item:[/] {shown(page)}", highlight=False, soft_wrap=True)


def _gate_lines(gate: GateResult) -> str:
    colour = _COLOURS[gate.verdict]
    p_value = "not tested" if gate.p_value is None else f"one-sided {gate.primary.test} p = {gate.p_value:.3g}"
    return (
        f"[bold {colour}]{gate.verdict.upper():<12}[/] exit {gate.exit_code}   {gate.baseline} → {gate.candidate}\n"
        f"  pass rate {percent(gate.baseline_pass_rate)}\n"
        f"          → {percent(gate.candidate_pass_rate)}\n"
        f"  {gate.worse} items worse, {gate.better} better; {p_value} (alpha {gate.alpha:g})\n"
        + "".join(f"  {shown(reason)}\n" for reason in gate.reasons if gate.verdict is GateVerdict.INCONCLUSIVE)
    ).rstrip()


def _end(result: DemoResult, console: Console) -> None:
    console.print(Rule("What it cost, and what to do next", align="left", style="dim"))
    cost = "unknown (no price for this model)" if result.cost_usd is None else f"${result.cost_usd:.4f}"
    seconds = ", ".join(f"{name} {value:.1f} s" for name, value in result.wall_s.items() if name != "total")
    console.print(f"cost {cost}; wall time {result.wall_s['total']:.1f} s ({seconds}); kept in {result.directory}")
    for command in result.next_commands:
        console.print(f"  {shown(command)}", highlight=False, soft_wrap=True)


def _clip(text: str, length: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"
