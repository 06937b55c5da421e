"""`assay alerts ack`: a slow rise is known, and watched for anew from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.judges.team_files.near_names import did_you_mean
from assay.worker.cli.context import ConfigOption, console, with_runtime

if TYPE_CHECKING:
    from assay.worker.wiring.runtime import Runtime


def acknowledge(
    use_case: Annotated[str, typer.Option("--use-case", help="Whose rise is known.")],
    rubric: Annotated[
        str | None, typer.Option("--rubric", help="By which rubric \\[default: each of the use case]")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Let the chart of flagged answers (AssayFlaggedCreep) begin anew. Without it an alarm does so after a day."""

    async def work(runtime: Runtime) -> list[str]:
        from assay.worker.signals.chart_restarts import acknowledge as restart
        from assay.worker.signals.flag_charts import Series

        case = runtime.deployment.use_case(use_case)
        if case is None:
            known = [each.name for each in runtime.deployment.use_cases]
            raise ConfigurationError(f"--use-case: {use_case!a}: unknown; {did_you_mean(use_case, known)}")
        rubrics = runtime.deployment.rubrics_of(case)
        if rubric is not None and rubric not in rubrics:
            raise ConfigurationError(f"--rubric: {rubric!a}: unknown; {did_you_mean(rubric, rubrics)}")
        names = [rubric] if rubric is not None else list(rubrics)
        for name in names:
            await restart(runtime.state.key_values, Series(use_case, name), runtime.clock.now())
        return names

    for name in with_runtime(config, work):
        console.print(f"{use_case}, {name}: its chart begins anew at the next look", highlight=False, markup=False)
