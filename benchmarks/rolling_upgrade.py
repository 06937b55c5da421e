"""A fleet at load is upgraded process by process, its configuration is edited in between, and workers go back.

    python -m benchmarks.rolling_upgrade                                  # from the revision of FROM
    python -m benchmarks.rolling_upgrade --from 2a5da59 --order beat assess1 assess2 control --surge

Old code comes from a git worktree, with an environment of its own lock. Both versions share one broker, one record and
one embedded store. The judge is a server of this machine. At the end every trace is looked for: lost, doubled, paid
twice. Ends with 1 where something was.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.fire import processes
from benchmarks.fire.audit import Audit, audit
from benchmarks.fire.fleet import fire, scratch
from benchmarks.fire.traffic import trace_id
from benchmarks.rolling_upgrade_fleet import RollingFleet
from benchmarks.rolling_upgrade_versions import Version, checked_out, given_back, working_tree

FROM = "0818b5b"
"""Of 2026-11-30, before signals: record of format v001, embedded store of format 2."""

ORDER = ("control", "assess1", "assess2", "beat")
"""As docs/how-to/upgrade.md says."""

LIVE = 0.2
"""Traces that come in with each step, as a share of those that wait from the beginning."""

SETTINGS = """\
window_seconds: 10
lookback_hours: 1
defaults: {quiet_seconds: 1, min_per_day: 0, low_traffic: {below_per_day: 0}, rubrics: [grounding-llm]}
use_cases:
  - {name: bot, rate: 1.0, allow_rate: true}
"""
"""`assay.yaml`. Short windows: a trace that comes in now is judged within seconds."""

EDITED = SETTINGS.replace("quiet_seconds: 1", "quiet_seconds: 2")
"""The same after its edit: a new version of it that changes no verdict."""


BACK = ("assess1", "control")
"""Which workers go back by one version for a while, one after the other."""

COMMANDS = ("status", "report", "why", "import")
"""What a person tries with the old version after the upgrade."""


class Table:
    """Prints a line for each step."""

    def __init__(self, fleet: RollingFleet) -> None:
        self._fleet = fleet
        self._begun = time.monotonic()
        print("| s | step | versions | judged | final | dead | remark |\n| --- | --- | --- | --- | --- | --- | --- |")

    def line(self, step: str, remark: str = "") -> None:
        """Print what the fleet is at after a step."""
        fleet = self._fleet
        versions = " ".join(f"{name} {version.name}" for name, version in sorted(fleet.running.items()))
        answered = fleet.judge.ask("stats")["traces_answered"]
        seconds = time.monotonic() - self._begun
        print(
            f"| {seconds:.0f} | {step} | {versions} | {answered} of {fleet.traces} | {fleet.final()} | "
            f"{fleet.dead_letters()} | {remark} |",
            flush=True,
        )


def roll(fleet: RollingFleet, given: argparse.Namespace, old: Version, new: Version) -> list[str]:
    """Load, exchange, edit, exchange, go back. What did not go as it should."""
    table, remarks, live = Table(fleet), list[str](), int(LIVE * given.traces)
    fleet.load(given.traces)
    for name in fleet.commands():
        _note(remarks, f"{name} {old.name}", fleet.start_and_wait(name))
    processes.wait_for(lambda: _answered(fleet) >= given.traces // 10, within_s=240.0)
    table.line("load, start")
    for place, name in enumerate(given.order):
        fleet.load_now(live)
        _note(remarks, f"{name} {new.name}", fleet.exchange(name, new, surge=given.surge))
        fleet.version = new  # the first new process has brought the embedded store to its format
        table.line(f"exchange {name}", _told_of_versions(fleet) if place == 0 else "")
        if place == len(given.order) // 2 - 1:
            table.line("edit assay.yaml", _edit(fleet, remarks))
    for name in BACK:
        table.line(f"back: {name}", _back(fleet, name, old, new, live, surge=given.surge))
    for command in COMMANDS:
        table.line(f"back: assay {command}", _ends(fleet, old, command))
    return remarks


def _back(fleet: RollingFleet, name: str, old: Version, new: Version, live: int, *, surge: bool) -> str:
    """One worker goes back by one version, works or refuses, and is upgraded again."""
    code = fleet.exchange(name, old, surge=surge)
    if code is not None:
        told = fleet.log_of(name).strip().splitlines()[-1]
        if fleet.members[name].poll() is not None:
            fleet.running[name] = new
            fleet.start_and_wait(name)
        return f"the old version ends with {code}: {told}"
    begun = len(fleet.log_of(name))
    fleet.load_now(live)
    processes.wait_for(lambda: _tasks(fleet.log_of(name)[begun:])["done"] >= 2, within_s=75.0)
    tasks = _tasks(fleet.log_of(name)[begun:])
    fleet.exchange(name, new, surge=surge)
    return f"the old version starts; tasks: {tasks['done']} done, {tasks['failed']} failed"


def _tasks(log: str) -> dict[str, int]:
    """How many tasks on traces ended well in a log, and how many did not."""
    lines = [line for line in log.splitlines() if re.search(r'"task": "(assess|record|verify)"', line)]
    return {how: sum(f'"task.{how}"' in line for line in lines) for how in ("done", "failed")}


def _ends(fleet: RollingFleet, version: Version, command: str) -> str:
    """How a command of a version ends: 0, or the line that says why not."""
    words = {"why": [trace_id(1)], "import": [str(fleet.home / "traces.jsonl")]}.get(command, [])
    done = fleet.assay_of(version, command, *words, check=False)
    return " ".join([str(done.returncode), *(done.stderr.strip().splitlines()[-1:] if done.returncode else [])])


def _told_of_versions(fleet: RollingFleet) -> str:
    """What `assay status` says while two versions run."""
    told = " ".join(fleet.assay("status").stdout.split())
    return "".join(re.findall(r"processes run \d+ versions", told)) or "status tells of one version"


def _edit(fleet: RollingFleet, remarks: list[str]) -> str:
    """Edit the configuration, and wait until every worker of either version has taken it up."""
    workers = [name for name in fleet.running if name != "beat"]
    before = {name: fleet.log_of(name).count('"config.taken_up"') for name in workers}
    (fleet.home / "assay.yaml").write_text(EDITED)

    def taken_up() -> list[str]:
        return [name for name in workers if fleet.log_of(name).count('"config.taken_up"') > before[name]]

    processes.wait_for(lambda: len(taken_up()) == len(workers), within_s=90.0)
    if len(taken_up()) < len(workers):
        remarks.append(f"the edit was taken up by {taken_up()} alone")
    return f"taken up by {len(taken_up())} of {len(workers)} workers"


def _note(remarks: list[str], what: str, code: int | None) -> None:
    if code is not None:
        remarks.append(f"{what} ended with {code} instead of working")


def _answered(fleet: RollingFleet) -> int:
    return int(fleet.judge.ask("stats")["traces_answered"])


def judged(fleet: RollingFleet) -> list[str]:
    """Wait for the end, count, print; what is wrong."""
    fleet.settle(within_s=300.0 + fleet.traces / 4)
    processes.wait_for(lambda: fleet.recorded()[1] >= fleet.traces, within_s=60.0)
    found = audit(fleet)
    rows, traces, version = fleet.recorded()
    print(_counts(fleet, found, rows, version), flush=True)
    ended = [what for what in fleet.ended() if not what.endswith(" 2")]
    checks: dict[str, bool] = {
        f"{found.open} not final": found.open > 0,
        f"{len(found.lost)} lost, e.g. {found.lost[:2]}": bool(found.lost),
        f"{found.doubled} doubled": bool(found.doubled),
        f"wrong values, e.g. {found.wrong_value[:2]}": bool(found.wrong_value),
        f"scores of other traces, e.g. {found.wrong_trace[:2]}": bool(found.wrong_trace),
        f"{found.extra} extra judge calls": bool(found.extra),
        f"dead letters: {found.reasons}": found.states.get("dead", 0) > 0,
        "the funnel does not add up": not found.funnel_adds_up,
        f"{rows} rows of {traces} traces in the record for {fleet.traces}": not rows == traces == fleet.traces,
        f"ended by themselves: {ended}": bool(ended),
    }
    return [remark for remark, is_wrong in checks.items() if is_wrong]


def _counts(fleet: RollingFleet, found: Audit, rows: int, version: str) -> str:
    head = "| promised | scored | skipped | dead | lost | doubled | wrong | extra judge calls | rows | format |"
    states = [found.states.get(state, 0) for state in ("scored", "skipped", "dead")]
    wrong = len(found.wrong_value) + len(found.wrong_trace)
    cells = [fleet.traces, *states, len(found.lost), found.doubled, wrong, found.extra, rows, version]
    return f"\n{head}\n{'| --- ' * 10}|\n| {' | '.join(map(str, cells))} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="revision", default=FROM, help="the version before; default: %(default)s")
    parser.add_argument("--order", nargs=4, default=ORDER, metavar="NAME", help=f"default: {' '.join(ORDER)}")
    parser.add_argument("--surge", action="store_true", help="each new process works before the old one ends")
    parser.add_argument("--traces", type=int, default=600, help="that wait at the beginning")
    parser.add_argument("--mean", type=float, default=2.0, help="seconds of a judge's call")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checkouts", type=Path, help="where worktrees are kept for the next run")
    parser.add_argument("--scratch", type=Path)
    parser.add_argument("--keep", action="store_true", help="keep the deployment's folder")
    given = parser.parse_args()
    if sorted(given.order) != sorted(ORDER):
        parser.error(f"--order: name each of {', '.join(ORDER)} once")
    processes.unwind_on_sigterm()
    home = scratch("upgrade", given.scratch)
    old, new = checked_out(given.revision, given.checkouts or home / "checkouts"), working_tree()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {processes.machine()}; {old.name} to the working tree; ", end="")
    print(f"order {' '.join(given.order)}{', surge' if given.surge else ''}; seed {given.seed}", flush=True)
    try:
        remarks = _run(home, given, old, new)
    finally:
        _tidy(home, given, old)
    sys.exit(1 if remarks else 0)


def _run(home: Path, given: argparse.Namespace, old: Version, new: Version) -> list[str]:
    options = {"workers": 2, "whole": False, "mean": given.mean, "seed": given.seed}
    env = {"ASSAY_CONFIG_LOOK_EVERY_S": "3", "ASSAY_JUDGE_CONCURRENCY": "8"}
    with fire(home / "d", **options, config=SETTINGS, env=env) as base:
        fleet = RollingFleet.of(base, old)
        remarks = [*roll(fleet, given, old, new), *judged(fleet)]
    print("HOLDS" if not remarks else "BROKEN: " + "; ".join(remarks), flush=True)
    return remarks


def _tidy(home: Path, given: argparse.Namespace, old: Version) -> None:
    steps: list[Callable[[], object]] = [] if given.checkouts else [lambda: given_back(old)]
    steps += [] if given.keep else [lambda: shutil.rmtree(home, ignore_errors=True)]
    for step in steps:
        step()


if __name__ == "__main__":
    main()
