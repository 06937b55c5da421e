"""What one `assay golden run` or `assay gate` was called with."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.text import Text

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import settings_and_root, stderr
from assay.worker.cli.golden.options import RunOptions
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.golden.call import GoldenCall
from assay.worker.golden.sets.lock import noted_changes
from assay.worker.golden.sets.uncalibrated import uncalibrated_risk
from assay.worker.wiring.golden_calls import command_call, load_set

FLEET_TIMEOUT_S = 1800.0
"""Of a run with --fleet without a time limit of its own: nobody waits for ever for a fleet that is not there."""


@dataclass(frozen=True)
class CommandCall:
    """A golden call, the command that makes it, and the root and settings whose judge it takes."""

    call: GoldenCall
    command: str
    settings: Settings
    root: ConfigRoot
    is_fleet: bool

    def how_to_go_on(self) -> str:
        """What an interruption leaves, in words."""
        if not self.call.can_resume:
            return "nothing is decided"
        again = f"assay {self.command} {self.call.golden.name} --resume {self.call.run_id}"
        return f"nothing is decided. Go on, with the same options, by `{again}`"


def open_call(name: str, command: str, options: RunOptions) -> CommandCall:
    """The call of a command on a golden set, which is held against its lock.

    Raises:
        ConfigurationError
    """
    settings, root = settings_and_root(options.config)
    golden = load_set(root, settings, name)
    stderr.print(Text(f"{name}: {golden.directory}, digest {golden.digest[:12]}"), soft_wrap=True)
    for change in noted_changes(golden):
        stderr.print(Text(f"{name}: since it was frozen: {change}"))
    problem = uncalibrated_risk(golden, is_calibrated=root.has_calibration(golden.rubric))
    if problem is not None:
        raise ConfigurationError(f"{golden.directory / 'manifest.yaml'}: gate: {problem}")
    call = command_call(
        root,
        settings,
        golden,
        concurrency=options.concurrency,
        repeats=options.repeats,
        timeout_s=options.timeout,
        resume=options.resume,
    )
    if options.fleet and call.timeout_s is None:
        call = replace(call, timeout_s=FLEET_TIMEOUT_S)
    return CommandCall(call, command, settings, root, options.fleet)
