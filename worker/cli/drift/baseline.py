"""`assay drift baseline`: what traffic is held against from now on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, console, print_json, stderr
from assay.worker.cli.drift.options import (
    SinceOption,
    UntilOption,
    UseCasesOption,
    chosen_period,
    chosen_use_cases,
)
from assay.worker.cli.with_record import with_record

if TYPE_CHECKING:
    from assay.worker.signals.drift.desk import DriftDesk
    from assay.worker.signals.drift.records import DriftBaseline
    from assay.worker.wiring.runtime import Runtime

USUAL = timedelta(days=7)
USUAL_OF_RELEASE = timedelta(days=30)
"""How far back traces of a release are looked for."""

ReleaseOption = Annotated[
    str | None, typer.Option("--release", help="Only traces of this release; with --golden: its recorded answers.")
]
GoldenOption = Annotated[
    str | None, typer.Option("--golden", help="Questions of this golden set, and recorded answers, instead of traffic.")
]
NameOption = Annotated[str | None, typer.Option("--name", help="Its name \\[default: the day, or the release]")]


class _Asked(NamedTuple):
    """What a person typed."""

    use_cases: list[str] | None
    since: str | None
    until: str | None
    release: str | None
    golden: str | None
    name: str | None


class _Captured(NamedTuple):
    """Baselines that were taken, and why none was of other use cases, by name."""

    baselines: list[DriftBaseline]
    left_out: dict[str, str]


def baseline(  # noqa: PLR0913, PLR0917  # one parameter for each option
    use_case: UseCasesOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    release: ReleaseOption = None,
    golden: GoldenOption = None,
    name: NameOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was captured, without its sample.")] = False,
    config: ConfigOption = None,
) -> None:
    """Capture what traffic is held against from now on: a period, a release or a golden set. Earlier ones are kept.

    Use cases with too little traffic are named and left out. Exit 2 where --use-case names such a one, or all are.
    """
    if golden and (since or until):
        raise ConfigurationError("--golden: a golden set has no period; leave --since and --until out")
    asked = _Asked(use_case, since, until, release, golden, name)

    async def work(runtime: Runtime, _has_redis: bool) -> _Captured:
        return await _capture_all(runtime, asked)

    taken = with_record(config, work)
    _print(taken, as_json=as_json)
    if taken.left_out and (asked.use_cases or not taken.baselines):
        raise typer.Exit(2)


def _print(taken: _Captured, *, as_json: bool) -> None:
    if as_json:
        baselines = [each.model_dump(mode="json", exclude={"sample", "topics"}) for each in taken.baselines]
        print_json({"baselines": baselines, "left_out": taken.left_out})
        return
    for each in taken.baselines:
        vectors = f", vectors of {each.vectors_from}" if each.vectors_from else ", no vectors"
        console.print(
            f"{each.use_case}: baseline {each.name} of {each.of}: {each.n:,} traces{vectors}",
            highlight=False,
            markup=False,
        )
    for reason in taken.left_out.values():
        stderr.print(f"not captured: {reason}", highlight=False, markup=False, soft_wrap=True)


async def _capture_all(runtime: Runtime, asked: _Asked) -> _Captured:
    """Take a baseline of each use case that has enough traces."""
    from assay.worker.signals.drift.capturing import TooFewTraces

    taken = _Captured([], {})
    for use_case in chosen_use_cases(runtime, asked.use_cases):
        try:
            taken.baselines.append(await _capture(runtime, use_case, asked))
        except TooFewTraces as exc:
            taken.left_out[use_case] = str(exc)
    return taken


async def _capture(runtime: Runtime, use_case: str, asked: _Asked) -> DriftBaseline:
    from assay.worker.wiring.drifting import drift_desk

    desk, now = drift_desk(runtime), runtime.clock.now()
    return await (_of_set if asked.golden else _of_traffic)(runtime, desk, use_case, asked, now)


async def _of_set(runtime: Runtime, desk: DriftDesk, use_case: str, asked: _Asked, now: datetime) -> DriftBaseline:
    from assay.worker.signals.drift.capturing import Origin
    from assay.worker.signals.drift.golden_traces import golden_traces
    from assay.worker.wiring.golden_calls import load_set

    golden = load_set(runtime.root, runtime.settings, asked.golden or "")
    traces, of = golden_traces(golden, asked.release)
    return await desk.capture(Origin(use_case, asked.name or golden.name, "golden", of), traces, now)


async def _of_traffic(_runtime: Runtime, desk: DriftDesk, use_case: str, asked: _Asked, now: datetime) -> DriftBaseline:
    from assay.worker.signals.drift.capturing import Origin

    usual = USUAL if asked.release is None else USUAL_OF_RELEASE
    period = chosen_period(asked.since, asked.until, now, usual)
    seen = await desk.traces(use_case, period, release=asked.release)
    words = f"{period.since:%Y-%m-%d %H:%M} to {period.until:%Y-%m-%d %H:%M} UTC"
    if asked.release is None:
        origin = Origin(use_case, asked.name or f"{now:%Y-%m-%d}", "period", words, period.since, period.until)
    else:
        # What comes after the release's last trace is other traffic, and may be checked.
        until = seen.last + timedelta(microseconds=1) if seen.last else period.until
        origin = Origin(
            use_case, asked.name or asked.release, "release", f"release {asked.release}", period.since, until
        )
    return await desk.capture(origin, seen.observations, now)
