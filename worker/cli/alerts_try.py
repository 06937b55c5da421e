"""`assay alerts test`: a marked alert to each channel, and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli import EXIT_BACKEND
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, with_runtime

if TYPE_CHECKING:
    from assay.worker.alerts.trying import Tried
    from assay.worker.wiring.runtime import Runtime


def try_alert(
    channel: Annotated[
        list[str] | None, typer.Option("--channel", help="Only this one: pagerduty, slack or webhook; once for each.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Send a marked test alert, resolve it, and print what each channel answers. Exit 3 where one did not take it."""

    async def work(runtime: Runtime) -> list[Tried]:
        from assay.worker.alerts.trying import try_channels
        from assay.worker.wiring.alert_channels import open_channels
        from assay.worker.wiring.alerting import reopen_channels
        from assay.worker.wiring.present_alerts import VARIABLES

        channels = open_channels(runtime.settings, runtime.deployment.alerts)
        for name in channel or ():
            if name not in VARIABLES:
                raise ConfigurationError(f"--channel: {name!a} is no channel; there are {', '.join(VARIABLES)}")
            if name not in {each.name for each in channels}:
                raise ConfigurationError(f"--channel {name}: is off; set {VARIABLES[name]}")
        if not channels:
            raise ConfigurationError(f"no channel is open; set one of {', '.join(VARIABLES.values())}")
        wanted = [each for each in channels if not channel or each.name in channel]
        tried = await try_channels(wanted, runtime.clock.now().timestamp())
        await reopen_channels(runtime, [each.channel for each in tried if each.is_taken])
        return tried

    tried = with_runtime(config, work)
    if as_json:
        print_json(tried)
    for each in tried if not as_json else ():
        console.print(f"{each.channel}: {each.words}", highlight=False, markup=False, soft_wrap=True)
    if not all(each.is_taken for each in tried):
        raise typer.Exit(EXIT_BACKEND)
