"""What sweeps will do with traces, in words: after an import, after a sweep, in the status."""

from __future__ import annotations

from collections.abc import Iterator

from assay.worker.flow.coverage import Coverage


def coverage_lines(coverage: Coverage) -> Iterator[str]:
    """What becomes of the traces that no sweep has looked at yet. Nothing where there are none."""
    if coverage.next_sweep:
        yield f"{_traces(coverage.next_sweep)}: the next sweep looks at them (`assay up`, or `assay sweep`)"
    yield from _waiting_lines(coverage)
    if coverage.future:
        yield f"{_traces(coverage.future)} with a start in the future: swept when that has come"
    if coverage.unfinished:
        yield f"{_traces(coverage.unfinished)} without an end so far: judged after it, if that comes within a day"
    if coverage.excluded:
        yield f"{_traces(coverage.excluded)} in excluded environments: never judged (exclude_environments)"
    if coverage.unmatched:
        yield f"{_traces(coverage.unmatched)} that no use case takes: never judged (use_cases)"
    yield from _outside_lines(coverage)


def status_lines(coverage: Coverage) -> Iterator[str]:
    """Of those, what a person may want to hasten: the traces that wait, and those that no sweep will look at."""
    yield from _waiting_lines(coverage)
    yield from _outside_lines(coverage)


def _waiting_lines(coverage: Coverage) -> Iterator[str]:
    if coverage.waiting:
        until = f"{coverage.waiting_until:%d %b %H:%M} UTC" if coverage.waiting_until else "later"
        yield f"{_traces(coverage.waiting)} in hours already swept: looked at again by {until}, or at once by:"
        yield f"  {coverage.waiting_command}"


def _outside_lines(coverage: Coverage) -> Iterator[str]:
    """The traces that no sweep will look at, and the command that judges them. Nothing where there are none."""
    if not coverage.outside:
        return
    reasons = []
    if coverage.too_old:
        reasons.append(
            f"{coverage.too_old:,} began before {coverage.swept_from:%d %b %H:%M} UTC "
            f"(lookback_hours: {coverage.lookback_hours})"
        )
    if coverage.already_swept:
        reasons.append(f"{coverage.already_swept:,} came into hours that were swept for the last time")
    cut = "at least " if coverage.is_cut else ""
    yield f"{cut}{_traces(coverage.outside)} will not be swept: {'; '.join(reasons)}. Judge them:"
    yield f"  {coverage.command}"


def _traces(n: int) -> str:
    return f"{n:,} trace" + ("" if n == 1 else "s")
