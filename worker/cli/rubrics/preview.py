"""`assay rubrics preview`: what a rubric's judge would see of a sample."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.judges.errors import ConfigurationError, UnjudgeableSample
from assay.judges.evaluate import Evaluator
from assay.judges.redaction.policy import Redaction
from assay.judges.redaction.redact import RedactedSample, redacted_detail, redacted_sample
from assay.judges.schema import Sample
from assay.worker.batch.reading import LabelledSample
from assay.worker.batch.verdict_lines import Judged, judged
from assay.worker.cli.context import ConfigOption, JsonOption, print_json, settings_and_root
from assay.worker.cli.rubrics.extraction import TraceView, missing_data, origins, show_extraction, view_trace
from assay.worker.cli.rubrics.show import RubricArgument
from assay.worker.cli.streams import print_error, print_line
from assay.worker.extraction.samples import sample_of
from assay.worker.reporting.rubric_preview import RubricPreview, find_sample, preview
from assay.worker.wiring.judges import build_evaluator


def preview_sample(
    name: RubricArgument,
    sample: Annotated[
        Path | None, typer.Option("--sample", help="JSONL of samples, or one sample as JSON; - is stdin.")
    ] = None,
    sample_id: Annotated[str | None, typer.Option("--id", help="Which sample \\[default: the first]")] = None,
    trace: Annotated[str | None, typer.Option("--trace", help="Id of a trace in the store, instead of a file.")] = None,
    judge: Annotated[bool, typer.Option("--judge", help="Judge it as well, and show the outcome.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a rubric's judge would see of a sample or a trace, and which rules fire already; --judge tries it.

    With --trace it is told where each part was found; for what is missing, what is at the places that were looked at,
    and which selector would find it. What the judge sees has the placeholders of `redact`: with --trace those of its
    use case, with --sample those of defaults.redact.
    """
    settings, root = settings_and_root(config)
    rubric = root.rubric(name, settings.rubric_variables())
    view = view_trace(trace, rubric=rubric, config=config) if trace is not None else None
    if view is not None and not view.redaction.is_empty:
        print_error(
            "assay: the trace's own texts are shown as the store has them; judges see placeholders, see `redact`"
        )
    if view is not None and (view.extraction.response is None or not as_json):
        _print_extraction(view, as_json=as_json)
    if view is not None and view.extraction.response is None:
        raise typer.Exit(0)
    read = _sample_to_show(sample, sample_id, sample_of(view.trace, view.extraction) if view else None)
    redaction = view.redaction if view else Redaction.of(root.deployment().defaults.redact)
    shown = _shown(read.sample, redaction)
    seen = preview(shown.sample, rubric, origins(view.extraction) if view else None)
    outcome = _judged(read, shown, build_evaluator(rubric, root, settings)) if judge else None
    if as_json:
        verdict = json.loads(outcome.line) if outcome else None
        extracted = _extraction_data(view) if view else {}
        data = {**seen.model_dump(mode="json"), **extracted, **({"outcome": verdict} if judge else {})}
        print_json(data)
    else:
        for line in _preview_lines(seen):
            print_line(line)
        if outcome is not None:
            print_line("\n" + outcome.explanation.rstrip())
    raise typer.Exit(3 if outcome is not None and outcome.outcome == "failed" else 0)


def _print_extraction(view: TraceView, *, as_json: bool) -> None:
    if as_json:
        print_json(_extraction_data(view))
    else:
        show_extraction(view)
        print_line("")


def _extraction_data(view: TraceView) -> dict[str, Any]:
    return {"extraction": view.extraction.model_dump(mode="json"), "missing": missing_data(view)}


def _sample_to_show(file: Path | None, sample_id: str | None, extracted: Sample | None) -> LabelledSample:
    """The sample of a trace, or of a file.

    Raises:
        ConfigurationError: neither is named, or both.
    """
    if (file is None) == (extracted is None):
        raise ConfigurationError("assay rubrics preview: name what to show: --sample FILE or --trace ID")
    if extracted is not None:
        return LabelledSample(sample=extracted, given_id=extracted.id, kept={})
    assert file is not None  # noqa: S101  # one of the two is there
    return find_sample(file, sample_id)


def _shown(sample: Sample, redaction: Redaction) -> RedactedSample:
    """What a judge sees of the sample.

    Raises:
        ConfigurationError: its private values cannot be found for certain, so no judge is shown it.
    """
    try:
        return redacted_sample(sample, redaction)
    except UnjudgeableSample as exc:
        raise ConfigurationError(f"sample: {exc.reason}: {redacted_detail(exc.detail, redaction)}") from exc


def _judged(read: LabelledSample, shown: RedactedSample, evaluator: Evaluator) -> Judged:
    async def run() -> Judged:
        try:
            return judged(read, await evaluator.evaluate(shown.sample), evaluator, explain=True, shown=shown)
        finally:
            await evaluator.judge.close()

    return asyncio.run(run())


def _preview_lines(seen: RubricPreview) -> Iterator[str]:
    yield f"rubric {seen.rubric} {seen.version[:12]} on sample {_flat(seen.sample)}, judged by {seen.judge}"
    if seen.problem:
        yield f"  cannot be judged: {_flat(seen.problem)}"
    for part in seen.parts:
        origin = f", from {_flat(part.origin)}" if part.origin else ""
        yield f"  {part.name:<9} {part.texts} text{'' if part.texts == 1 else 's'}, {part.chars:,} characters{origin}"
    if seen.is_cut:
        yield "  something is left out: it does not fit into a call"
    if seen.sent_when:
        yield f"  {seen.sent_when}"
    if seen.asked_otherwise:
        yield f"  asked in another form, which is not shown: {', '.join(seen.asked_otherwise)}"
    for name, why in seen.not_asked.items():
        yield f"  {name}: not asked ({why})"
    for hit in seen.hits:
        yield f"  ! {_flat(hit.rule)} ({hit.severity}): {_flat(hit.detail)}"
    if not seen.calls:
        yield "  sentences of the response"
        yield from (f"    R{n}: {_flat(text)}" for n, text in enumerate(seen.sentences, start=1))
    yield from _call_lines(seen)


def _call_lines(seen: RubricPreview) -> Iterator[str]:
    for number, messages in enumerate(seen.calls, start=1):
        each = " to each model" if len(seen.models) > 1 else ""
        yield f"\nCall {number} of {len(seen.calls)}; about {seen.tokens:,} tokens in all{each}. The nonce is masked."
        for message in messages:
            yield f"--- {message.role}\n{message.content}"


def _flat(text: str) -> str:
    """On one line: a line break in foreign text must not look like a line of ours."""
    return " ".join(text.split()) if "\n" in text or "\r" in text else text
