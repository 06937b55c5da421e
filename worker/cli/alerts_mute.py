"""`assay alerts mute` and `unmute`: nobody is told of some alerts for a while."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.judges.team_files.near_names import did_you_mean
from assay.worker.cli.context import ConfigOption, console, with_runtime

if TYPE_CHECKING:
    from assay.worker.alerts.muting import Mute
    from assay.worker.wiring.runtime import Runtime

_LENGTH = re.compile(r"(\d{1,5})\s*([mhd])", re.IGNORECASE)
"""How long, as `90m`, `2h` or `3d`."""

_SECONDS = {"m": 60, "h": 3600, "d": 86_400}

LONGEST_S = 30 * 86_400
"""A mute is for a while. What is never to be told is `alerts.off` in assay.yaml."""


def mute(
    length: Annotated[str, typer.Option("--for", help="How long: 90m, 2h or 3d; at most 30d.")],
    reason: Annotated[str, typer.Option("--reason", help="Why. Who looks next sees it.")],
    rule: Annotated[str | None, typer.Option("--rule", help="Only this alert; a glob is allowed.")] = None,
    use_case: Annotated[str | None, typer.Option("--use-case", help="Only this use case; a glob is allowed.")] = None,
    config: ConfigOption = None,
) -> None:
    """Tell nobody of alerts for a while. What still fires afterwards is told then; what ended meanwhile is not."""
    seconds = _seconds(length)
    if not reason.strip():
        raise ConfigurationError("--reason: is empty; say why in a few words")

    async def work(runtime: Runtime) -> Mute:
        from assay.worker.alerts.muting import Mute, MuteBook, new_mute_id

        _check(runtime, rule, use_case)
        now = runtime.clock.now().timestamp()
        added = Mute(
            id=new_mute_id(), rule=rule, use_case=use_case, since=now, until=now + seconds, reason=reason.strip()[:300]
        )
        await MuteBook(runtime.state.key_values, runtime.state.locks).add(added, now)
        return added

    added = with_runtime(config, work)
    console.print(f"{added}; `assay alerts unmute {added.id}` ends it", highlight=False, markup=False, soft_wrap=True)


def unmute(
    ids: Annotated[list[str] | None, typer.Argument(help="Mutes, as `assay alerts now` shows them.")] = None,
    is_all: Annotated[bool, typer.Option("--all", help="All mutes by command.")] = False,
    config: ConfigOption = None,
) -> None:
    """End mutes by command. What fires is told at the next look."""
    if bool(ids) == is_all:
        raise ConfigurationError("assay alerts unmute: name mutes, or give --all")

    async def work(runtime: Runtime) -> tuple[Sequence[Mute], Sequence[Mute]]:
        from assay.worker.alerts.muting import MuteBook

        now = runtime.clock.now().timestamp()
        book = MuteBook(runtime.state.key_values, runtime.state.locks)
        there = await book.mutes(now)
        return there, await book.remove(ids or [each.id for each in there], now)

    there, removed = with_runtime(config, work)
    missing = set(ids or ()) - {each.id for each in removed}
    for each in removed:
        console.print(f"ended: {each}", highlight=False, markup=False, soft_wrap=True)
    if missing:
        known = [each.id for each in there]
        raise ConfigurationError(f"{min(missing)!a}: {did_you_mean(min(missing), known, 'mutes')}")
    if not removed:
        console.print("there are no mutes")


def _seconds(length: str) -> int:
    match = _LENGTH.fullmatch(length.strip())
    seconds = int(match[1]) * _SECONDS[match[2].lower()] if match else 0
    if not 0 < seconds <= LONGEST_S:
        raise ConfigurationError(f"--for: {length!a} is no length; write 90m, 2h or 3d, at most 30d")
    return seconds


def _check(runtime: Runtime, rule: str | None, use_case: str | None) -> None:
    """Refuse a name that matches nothing: it would mute nothing, and look like success.

    Raises:
        ConfigurationError: names what was meant.
    """
    from assay.worker.alerts.rules import alert_rules

    rules = sorted({each.name for each in alert_rules(runtime.deployment)})
    cases = [case.name for case in runtime.deployment.use_cases]
    for option, glob, known in (("--rule", rule, rules), ("--use-case", use_case, cases)):
        if glob is not None and not any(fnmatchcase(name, glob) for name in known):
            raise ConfigurationError(f"{option}: {glob!a}: unknown; {did_you_mean(glob, known, 'known names')}")
