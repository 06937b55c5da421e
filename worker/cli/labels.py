"""`assay labels pull`: what people said of traces, as the file that `assay calibrate` reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from assay.judges.errors import ConfigurationError
from assay.judges.redaction.policy import Redaction
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, with_runtime
from assay.worker.config.redaction import redaction_for
from assay.worker.flow.label_pull import LabelledTrace, OpinionCounts, Wanted, collect, samples
from assay.worker.flow.selection import first_match
from assay.worker.records.private_files import open_private, private_directory, replace_private
from assay.worker.records.traces import TraceRoot
from assay.worker.wiring.runtime import Runtime
from assay.worker.wiring.stores import review_queues_of

labels_app = typer.Typer(help="Labels from people, for `assay calibrate`.", no_args_is_help=True)


def pull(  # noqa: PLR0913, PLR0917  # one parameter for each option
    out: Annotated[Path, typer.Option("--out", "-o", help="JSONL to write, for `assay calibrate --labels`.")],
    queue: Annotated[
        list[str] | None, typer.Option("--queue", help="Annotation queue \\[default: each review_queue of assay.yaml]")
    ] = None,
    feedback: Annotated[
        list[str] | None, typer.Option("--feedback", help="Score that users give, e.g. user-feedback; may be repeated.")
    ] = None,
    score: Annotated[
        str | None, typer.Option("--score", help="What reviewers are asked for \\[default: the queue's boolean score]")
    ] = None,
    marked: Annotated[
        list[str] | None, typer.Option("--marked", help="Value that means a hallucination; may be repeated.")
    ] = None,
    rubric: Annotated[str | None, typer.Option("--rubric", help="Whose selectors find the parts of a trace.")] = None,
    days: Annotated[
        int, typer.Option("--days", min=1, max=366, help="How far back feedback and traces are read.")
    ] = 30,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch completed reviews and user feedback, and write labelled samples.

    A completed review counts with the queue's boolean score, true meaning a hallucination; feedback counts as one
    where it is a thumb down (false, or below 0.5). Other values need --marked. What cannot be used is counted with the
    reason. Feedback says that somebody was unhappy, not why: `assay calibrate --slice origin` shows the difference.
    """

    async def work(runtime: Runtime) -> tuple[list[LabelledTrace], OpinionCounts]:
        wanted = Wanted(
            queues=tuple(queue or dict.fromkeys(runtime.deployment.review_queues.values())),
            feedback=tuple(feedback or ()),
            score=score,
            marked=tuple(marked or ()),
            days=days,
        )
        return await _pull(runtime, wanted, rubric)

    labelled, tally = with_runtime(config, work)
    _write(out, labelled)
    if as_json:
        print_json(_numbers(labelled, tally))
    else:
        _show(labelled, tally, out)
    if not labelled:
        raise typer.Exit(3)


async def _pull(runtime: Runtime, wanted: Wanted, rubric: str | None) -> tuple[list[LabelledTrace], OpinionCounts]:
    if not wanted.queues and not wanted.feedback:
        raise ConfigurationError(
            "labels: no use case of assay.yaml names a review_queue; name one with --queue, or a score of users with "
            "--feedback"
        )
    name = rubric or next(iter(runtime.rubrics))
    if name not in runtime.rubrics:
        raise ConfigurationError(f"--rubric {name!r}: not in use; this deployment uses {', '.join(runtime.rubrics)}")
    tally = OpinionCounts()
    labels = await collect(review_queues_of(runtime.store), wanted, now=runtime.clock.now(), tally=tally)
    paths = runtime.rubrics[name].sample
    deployment = runtime.deployment

    def redaction(root: TraceRoot) -> Redaction:
        return redaction_for(deployment, first_match(root, deployment))

    pulled = samples(runtime.store, labels, paths, redaction, days=wanted.days, tally=tally)
    return [trace async for trace in pulled], tally


def _write(path: Path, labelled: list[LabelledTrace]) -> None:
    """Write the whole file or nothing. It holds what your users wrote."""
    fresh = path.with_name(path.name + ".new")
    try:
        private_directory(path.parent)
        fresh.unlink(missing_ok=True)  # of a run that was killed, with whatever rights
        with open_private(fresh) as file:
            file.writelines(json.dumps(_line(trace), ensure_ascii=False) + "\n" for trace in labelled)
        replace_private(fresh, path)
    except OSError as exc:
        raise ConfigurationError(f"{path}: cannot be written ({exc.strerror}); name another file with --out") from exc


def _line(trace: LabelledTrace) -> dict[str, Any]:
    sample, label = trace.sample, trace.label
    return {
        "id": sample.id,
        "question": sample.question,
        "history": [turn.model_dump() for turn in sample.history],
        "contexts": list(sample.contexts),
        "response": sample.response,
        "label": label.label,
        "source_id": trace.source_id,
        "reviewer": label.reviewer,
        "origin": label.origin,
        "place": label.place,
        "labelled_at": label.at.isoformat(),
    }


def _numbers(labelled: list[LabelledTrace], tally: OpinionCounts) -> dict[str, Any]:
    unusable: dict[str, dict[str, int]] = {}
    for (place, why), n in tally.unusable.items():
        unusable.setdefault(place, {})[why] = n
    return {
        "written": len(labelled),
        "marked": sum(trace.label.label for trace in labelled),
        "said": dict(tally.opinions),
        "usable": dict(tally.usable),
        "unusable": unusable,
    }


def _show(labelled: list[LabelledTrace], tally: OpinionCounts, out: Path) -> None:
    for place, n in tally.opinions.items():
        why = {reason: count for (where, reason), count in tally.unusable.items() if where == place}
        rest = "; ".join(f"{count} {reason}" for reason, count in why.items())
        console.print(Text(f"{place}: {n} said, {tally.usable[place]} usable" + (f"; not: {rest}" if rest else "")))
    marked = sum(trace.label.label for trace in labelled)
    console.print(Text(f"{len(labelled)} labels, {marked} marked → {out}"), soft_wrap=True)
    if labelled:
        console.print(Text(f"next: assay calibrate --labels {out}"), soft_wrap=True)
    else:
        console.print("nothing to calibrate on yet")


def _group() -> None:
    """Labels from people, for `assay calibrate`."""


labels_app.callback()(_group)
labels_app.command("pull")(pull)
