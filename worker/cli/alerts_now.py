"""`assay alerts now`: what fires, since when, and who knows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, with_runtime

if TYPE_CHECKING:
    from assay.worker.alerts.present import PresentAlerts
    from assay.worker.wiring.runtime import Runtime


def now(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what fires now: since when, its numbers, what mutes or explains it, and which channel was told."""
    from assay.worker.alerts.present import alert_words
    from assay.worker.alerts.wording import moment

    present = with_runtime(config, _read)
    if as_json:
        print_json(present)
        return
    lines = [present.warning] if present.warning else []
    if not present.firing:
        lines.append("nothing fires" + (f", as of {moment(present.looked_at)}" if present.looked_at else ""))
    for alert in (*present.firing, *present.ended):
        first, *others = alert_words(alert)
        lines += [first, *(f"  {line}" for line in others)]
    lines += [str(mute) + _meant(mute.rule, mute.use_case) for mute in present.mutes]
    for channel in present.channels:
        last = f"last taken {moment(channel.taken_at)}" if channel.taken_at else "nothing sent yet"
        problem = f"; {channel.problem}" if channel.problem else ""
        lines.append(f"{channel.name}: {last + problem if channel.is_open else 'off, its key is not set'}")
    lines += [f"weekly digest, not taken: {words}" for words in present.digest]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


async def _read(runtime: Runtime) -> PresentAlerts:
    from assay.worker.wiring.present_alerts import read_present_alerts

    return await read_present_alerts(runtime)


def _meant(rule: str | None, use_case: str | None) -> str:
    named = ", ".join(part for part in (rule, use_case and f"use case {use_case}") if part)
    return f" ({named or 'everything'})"
