"""One pytest session: what was checked, what the gates say, and what that comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from assay.worker.golden.results.gate_result import GateResult
    from assay.worker.golden.sets.manifest import GoldenItem
    from assay.worker.pytest_plugin.checked import Checked
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
        self._checks: list[Checked] = []
        self._gates: dict[str, GateResult] = {}
        self._problems: list[str] = []

    def items_of(self, name: str) -> Sequence[GoldenItem]:
        """The items of a golden set.

        Raises:
            UsageError: it is unknown, or not as it was frozen.
        """
        from assay.judges.errors import EvaluationError

        try:
            return self._open_judges().golden_set(name).items
        except EvaluationError as exc:
            raise pytest.UsageError(f"assay: {exc}") from exc

    def checker(self, test: str, golden_set: str | None) -> Checker:
        """Checks answers in one test."""
        from assay.worker.pytest_plugin.checker import Checker

        judges = self._open_judges()
        return Checker(
            judges,
            test,
            golden_set=judges.golden_set(golden_set) if golden_set else None,
            gated=golden_set in self._gated,
            keep=self._checks.append,
        )

    def handed_over(self) -> list[dict[str, Any]]:
        """The checks as plain values."""
        return [checked.model_dump(mode="json") for checked in self._checks]

    def take_over(self, checks: Sequence[Mapping[str, Any]]) -> None:
        """Take checks of another process."""
        if checks:
            from assay.worker.pytest_plugin.checked import Checked

            self._checks += [Checked.model_validate(checked) for checked in checks]

    def run_gates(self) -> None:
        """Gate every set that is to be gated and had a test. What cannot be gated is a problem, and no pass."""
        if not self._gated:
            return
        from assay.judges.errors import EvaluationError
        from assay.worker.pytest_plugin.gating import gate_answers

        for name in dict.fromkeys(self._gated):
            if not any(checked.golden_set == name for checked in self._checks):
                self._problems.append(f"{name}: no test checked an answer of this set; nothing is decided")
                continue
            try:
                self._gates[name] = gate_answers(self._open_judges(), name, self._checks, self._baseline)
            except EvaluationError as exc:
                self._problems.append(f"{name}: {exc}")

    def exit_code(self, status: int, failed: int, undecided: int) -> int:
        """The exit code: 1 something is wrong, 3 nothing is known to be wrong but something is not known."""
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
        own = [checked for checked in self._checks if checked.golden_set not in self._gated]
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
