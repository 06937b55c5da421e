"""The rules about subjects, tables and ranges: both ask which value a sentence states of what it names."""

from __future__ import annotations

from assay.judges.rubric import Rules
from assay.judges.rules.ranges import RangeCheck, check_ranges
from assay.judges.rules.reading import Reading
from assay.judges.rules.step import Progress, Step
from assay.judges.rules.tables import TableCheck, check_tables
from assay.judges.rules.violations import contradict
from assay.judges.schema import ResponseKind, Sample


def compile_subjects(rules: Rules, source: str) -> Step | None:
    """The step that holds an answer against the team's tables and ranges. What tables confirm is vouched for.

    Both are one step, because a value beside a table's key is not a range's.

    Raises:
        RubricError: a table or a range cannot work.
    """
    ranges = [RangeCheck(rule, source) for rule in rules.ranges]
    tables = [TableCheck(rule, source) for rule in rules.tables]

    def step(sample: Sample, progress: Progress) -> Progress:
        if progress.verdict.kind is not ResponseKind.ANSWER:
            return progress
        reading = Reading(sample)
        report, keys = check_tables(reading, tables)
        wrong = [*report.wrong, *check_ranges(reading, ranges, keys)]
        return Progress(contradict(progress.verdict, wrong), progress.vouched | report.vouched)

    return step if ranges or tables else None
