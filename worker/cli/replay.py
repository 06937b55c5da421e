"""`assay replay`: the application is asked again what a trace asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root, with_runtime
from assay.worker.cli.golden.add import TracesArgument, UseCaseOption
from assay.worker.config.egress import check_egress
from assay.worker.golden.report.wording.answers import clip, printable
from assay.worker.setup.recorded_samples import SampleFinder
from assay.worker.setup.replay.replaying import JudgedAnswer, Replay, Replayed
from assay.worker.setup.replay.target import is_application, replay_target
from assay.worker.wiring.golden_calls import read_set
from assay.worker.wiring.judges import build_evaluator
from assay.worker.wiring.runtime import Runtime

_LONGEST = 300


def replay(  # noqa: PLR0913, PLR0917  # one parameter for each option
    traces: TracesArgument,
    target: Annotated[
        str,
        typer.Option("--target", metavar="SET", help="Golden set that says how the application is asked."),
    ],
    model: Annotated[str | None, typer.Option("--model", help="Another model than the set's (kind: model).")] = None,
    prompt: Annotated[
        Path | None, typer.Option("--prompt", metavar="FILE", help="Another prompt file than the manifest's.")
    ] = None,
    rubric: Annotated[str | None, typer.Option("--rubric", help="Judge by it \\[default: the set's]")] = None,
    use_case: UseCaseOption = None,
    concurrency: Annotated[int, typer.Option("--concurrency", min=1, max=100, help="Traces at work at once.")] = 8,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the application again what these traces asked, and judge the old and the new answer side by side.

    The recorded question and history go to the target. Evidence that the target returns replaces the recorded one.
    Nothing is written to the trace store. Exit 3 if an answer is missing or was not judged.
    """
    settings, root = settings_and_root(config)
    golden = read_set(root, settings, target)
    chosen = golden.rubric if rubric is None else root.rubric(rubric, settings.rubric_variables())

    async def work(runtime: Runtime) -> list[Replayed]:
        recorded = await SampleFinder.of(runtime).samples(traces, rubric=chosen, use_case=use_case)
        for sample in recorded:
            check_egress(sample.use_case, chosen)
        names = {sample.use_case.name for sample in recorded}
        evaluators = {name: build_evaluator(chosen, root, settings, use_case=name) for name in names}
        asked = replay_target(golden, model=model, prompt=prompt, lookup=settings.variable, concurrency=concurrency)
        try:
            return await Replay(asked, is_application(golden), evaluators, concurrency).replay(recorded)
        finally:
            await asked.close()
            for evaluator in evaluators.values():
                await evaluator.judge.close()

    replayed = with_runtime(config, work)
    if as_json:
        print_json({"rubric": chosen.name, "traces": [_data(each) for each in replayed]})
    else:
        _show(replayed)
    raise typer.Exit(0 if all(each.change != "unknown" or _is_answered(each) for each in replayed) else 3)


def _is_answered(replayed: Replayed) -> bool:
    """Whether both answers were judged, with a risk or with the reason why they have none."""
    return all(": " not in answer.state for answer in (replayed.old, replayed.new))


def _data(replayed: Replayed) -> dict[str, object]:
    return {**replayed.model_dump(mode="json"), "change": replayed.change}


def _show(replayed: Sequence[Replayed]) -> None:
    for each in replayed:
        console.rule(Text(f"{each.trace_id}  {each.change}"), style="dim")
        console.print(Text(clip(printable(each.question), _LONGEST), style="bold"))
        table = Table(show_header=True, expand=True, box=None, padding=(0, 1))
        table.add_column("then", ratio=1)
        table.add_column("now", ratio=1)
        for then, now in zip(_lines(each.old), _lines(each.new), strict=True):
            if then or now:
                table.add_row(Text(then), Text(now))
        console.print(table)
    console.print(Text(summary(replayed)))


def _lines(answer: JudgedAnswer) -> Iterator[str]:
    scores = ", ".join(f"{name.removeprefix('hallucination_')} {value:.2f}" for name, value in answer.scores.items())
    yield f"{answer.state}{f': {scores}' if scores else ''}"
    yield clip(printable(answer.response), _LONGEST)
    is_shown = answer.is_flagged is not False
    yield clip(printable(f"✗ {answer.sentence}" if is_shown and answer.sentence else ""), _LONGEST)
    yield clip(printable(answer.reason if is_shown else ""), _LONGEST)


def summary(replayed: Sequence[Replayed]) -> str:
    """What became of all of them in one line: `3 of 4 flagged answers are mended; 1 of 2 fine ones is flagged now`."""
    n = Counter(each.change for each in replayed)
    flagged, fine = n["mended"] + n["still flagged"], n["newly flagged"] + n["still fine"]
    parts = [f"{n['mended']} of {flagged} flagged answers mended"] if flagged else []
    parts += [f"{n['newly flagged']} of {fine} fine answers flagged now"] if fine else []
    parts += [f"{n['unknown']} without a risk on both sides"] if n["unknown"] else []
    return "; ".join(parts)
