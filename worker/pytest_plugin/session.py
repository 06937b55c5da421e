"""One pytest session: what was checked, what the gates say, and what that comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from assay.worker.pytest_plugin.checks import Checks
from assay.worker.pytest_plugin.failures import CheckCannotWork

if TYPE_CHECKING:
    from assay.worker.golden.results.gate_result import GateResult
    from assay.worker.golden.sets.manifest import GoldenItem
    from assay.worker.pytest_plugin.checker import Checker
    from assay.worker.pytest_plugin.judging import Judges

REGRESSED, INCONCLUSIVE = 1, 3
"""Exit codes of a gate, and of a run that checks answers."""
WIDTH = 100


class AssaySession:
    """Checks of one process, or of all processes of pytest-xdist in the one that reports.

    Args:
        config: directory of assay.yaml.
        gated: golden sets that are gated.
        baseline: what gates compare with; None: each set's own.
    """

    def __init__(self, config: Path | None, gated: Sequence[str], baseline: str | None) -> None:
        self._config = config
        self._gated = gated
        self._baseline = baseline
        self._judges: Judges | None = None
        self._checks = Checks()
        self._gates: dict[str, GateResult] = {}
        self._problems: list[str] = []
        self.is_interrupted = False

    @property
    def is_used(self) -> bool:
        """Whether this run checks answers or gates a set, as far as this process knows."""
        return bool(self._gated or self._judges is not None or self._checks.all)

    def check_options(self) -> None:
        """Check what the options name, before a test asks the application anything.

        Raises:
            UsageError: names the option's value and the remedy.
        """
        if self._config is None and not self._gated:
            return
        from assay.judges.errors import EvaluationError

        try:
            judges = self._open_judges()
            for name in self._gated:
                from assay.worker.pytest_plugin.gating import check_gate

                check_gate(judges, name, self._baseline)
        except EvaluationError as exc:
            self.close()
            raise pytest.UsageError(f"assay: {exc}") from exc

    def items_of(self, name: str) -> Sequence[GoldenItem]:
        """The items of a golden set.

        Raises:
            CollectError: it is unknown, or not as it was frozen.
        """
        from assay.judges.errors import EvaluationError

        try:
            return self._open_judges().golden_set(name).items
        except EvaluationError as exc:
            raise pytest.Collector.CollectError(f"assay: {exc}") from exc

    def begin(self, test: str) -> None:
        """A test begins, perhaps again."""
        self._checks.begin(test)

    def checker(self, test: str, golden_set: str | None) -> Checker:
        """Checks answers in one test.

        Raises:
            CheckCannotWork: settings, config root or golden set cannot be used.
        """
        from assay.judges.errors import EvaluationError
        from assay.worker.pytest_plugin.checker import Checker

        try:
            judges = self._open_judges()
            golden = judges.golden_set(golden_set) if golden_set else None
        except EvaluationError as exc:
            raise CheckCannotWork(str(exc), pytrace=False) from None
        return Checker(judges, test, golden_set=golden, gated=golden_set in self._gated, keep=self._checks.add)

    def handed_over(self, test: str) -> dict[str, Any] | None:
        """What a test checked, as plain values. None: nothing."""
        return self._checks.handed_over(test)

    def take_over(self, process: str, test: str, told: Mapping[str, Any]) -> None:
        """Take what a test checked in another process."""
        self._checks.take_over(process, test, told)

    def run_gates(self) -> None:
        """Gate every set that is to be gated and had a test. What cannot be gated is a problem, and no pass."""
        if not self._gated:
            return
        from assay.judges.errors import EvaluationError
        from assay.worker.pytest_plugin.gating import gate_answers

        for name in dict.fromkeys(self._gated):
            checks = self._checks.of_set(name)
            if not checks:
                self._problems.append(f"{name}: no test checked an answer of this set; nothing is decided")
                continue
            try:
                self._gates[name] = gate_answers(self._open_judges(), name, checks, self._baseline)
            except (EvaluationError, OSError) as exc:
                self._problems.append(f"{name}: {exc}")
            except KeyboardInterrupt:
                self._problems.append(f"{name}: interrupted; nothing is decided. Run the tests again")
                self.is_interrupted = True
                return

    def exit_code(self, status: int, failed: int, undecided: int) -> int:
        """The exit code: 1 something is wrong, 3 nothing is known to be wrong but something is not known.

        Args:
            status: pytest's own.
            failed: reports of failures.
            undecided: those among them that say only that nothing is known.
        """
        if self.is_interrupted:
            return int(pytest.ExitCode.INTERRUPTED)
        verdicts = {result.exit_code for result in self._gates.values()}
        if REGRESSED in verdicts or failed > undecided:
            return REGRESSED
        if undecided or self._problems or INCONCLUSIVE in verdicts:
            return INCONCLUSIVE
        return int(status)

    def summary(self) -> list[str]:
        """What a person reads at the end. Empty where nothing was checked."""
        return [*self._counts(), *self._problems, *(line for gate in self._gates.values() for line in _lines(gate))]

    def close(self) -> None:
        """End the judges."""
        if self._judges is not None:
            self._judges.close()
            self._judges = None

    def _open_judges(self) -> Judges:
        if self._judges is None:
            from assay.worker.pytest_plugin.judging import Judges

            self._judges = Judges(self._config)
        return self._judges

    def _counts(self) -> Iterator[str]:
        if self._checks.left_out:
            yield f"tests that ran again count with their last attempt: {self._checks.left_out} earlier checks left out"
        own = [checked for checked in self._checks.all if checked.golden_set not in self._gated]
        if not own:
            return
        from assay.worker.statistics.intervals import wilson

        counts = Counter(checked.status for checked in own)
        decided = counts["passed"] + counts["failed"]
        words = ", ".join(
            f"{counts[status]} {status}" for status in ("passed", "failed", "undecided") if counts[status]
        )
        yield f"{len(own)} answers checked: {words}"
        interval = wilson(counts["passed"], decided) if decided else None
        if interval is not None:
            share = counts["passed"] / decided
            yield f"pass rate {share:.0%} of {decided} decided, 95 % interval {interval.low:.0%} to {interval.high:.0%}"
        yield f"evaluator {', '.join(sorted({checked.revision[:12] for checked in own if checked.revision}))}"


def _lines(result: GateResult) -> list[str]:
    """What `assay gate` prints, as lines."""
    from rich.console import Console

    from assay.worker.golden.report.terminal import print_gate

    text = StringIO()
    print_gate(result, Console(file=text, width=WIDTH, force_terminal=False))
    return [f"{result.golden_set}:", *text.getvalue().rstrip().splitlines()]
