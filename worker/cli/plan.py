"""`assay plan`: what would be selected, what it costs, and how well the rates will be known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.judges.team_files.near_names import did_you_mean
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, with_runtime
from assay.worker.cli.moments import parse_range
from assay.worker.cli.plan_capacity import show_capacity
from assay.worker.cli.plan_numbers import parse_volume

if TYPE_CHECKING:
    from assay.worker.config.deployment import Deployment
    from assay.worker.setup.plan import PlanReport
    from assay.worker.wiring.runtime import Runtime

FromOption = Annotated[
    str | None, typer.Option("--from", help="First moment: 2026-11-20, 2026-11-20T09:30Z or 7d (7 days ago).")
]
ToOption = Annotated[
    str, typer.Option("--to", help="End: a day is meant as a whole; a time is the moment after the last.")
]
UseCaseOption = Annotated[str | None, typer.Option("--use-case", help="Only this use case.")]
CapacityOption = Annotated[
    bool,
    typer.Option("--capacity", help="Show what volumes around the present one take: workers, memory, calls."),
]
VolumeOption = Annotated[
    list[str] | None,
    typer.Option("--traces-a-day", help="With --capacity: this volume, as 250000, 250k or 1e6; once for each."),
]
PeakOption = Annotated[
    float | None,
    typer.Option(
        "--peak", min=1, max=1440, help="With --capacity: the busiest minutes of a day beside its mean \\[default: 3]"
    ),
]


def plan(  # noqa: PLR0913, PLR0917  # one parameter for each option
    start: FromOption = None,
    end: ToOption = "now",
    use_case: UseCaseOption = None,
    capacity: CapacityOption = False,
    volumes: VolumeOption = None,
    peak: PeakOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what would be selected: traces, rates, tokens, USD, store requests, and ± points of the rates.

    Without --from it is about an ordinary day. With it, about the traces of that time, as `assay backfill` would take
    them. Nothing is selected or judged.
    """
    if capacity:
        if use_case is not None or start is not None or end != "now":
            raise ConfigurationError("--capacity: is about all use cases and an ordinary day; leave the others out")
        show_capacity(config, list(map(parse_volume, volumes or ())), peak, as_json=as_json)
        return
    if volumes or peak is not None:
        raise ConfigurationError("--traces-a-day, --peak: belong to --capacity; add it")

    async def read(runtime: Runtime) -> PlanReport:
        from assay.worker.setup.plan import PlanMaker

        check_use_case(runtime.deployment, use_case)
        if start is None:
            if end != "now":
                raise ConfigurationError("--to: stands alone; give --from too")
            return await PlanMaker(runtime).day(only=use_case)
        first, last = parse_range(start, end, runtime.clock.now())
        return (await PlanMaker(runtime).range(first, last, only=use_case))[1]

    report = with_runtime(config, read)
    if as_json:
        print_json(report)
    else:
        from assay.worker.cli.plan_view import plan_group

        console.print(plan_group(report))


def check_use_case(deployment: Deployment, name: str | None) -> None:
    """See that there is such a use case.

    Raises:
        ConfigurationError
    """
    if name is not None and deployment.use_case(name) is None:
        known = did_you_mean(name, [case.name for case in deployment.use_cases])
        raise ConfigurationError(f"--use-case: {name!a} is not in assay.yaml; {known}")
