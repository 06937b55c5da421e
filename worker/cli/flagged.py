"""`assay flagged`: the worst answers, and the sentence that is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli import EXIT_BACKEND
from assay.worker.cli.context import ConfigOption, JsonOption, with_runtime
from assay.worker.cli.flagged_output import Format, ListWriter, open_list
from assay.worker.cli.period import FromOption, SinceOption, ToOption, read_period
from assay.worker.cli.streams import print_error
from assay.worker.reporting.flagged.query import FlaggedQuery, Side, check_known, choose_cuts
from assay.worker.reporting.flagged.wording import other_rubrics

if TYPE_CHECKING:
    from assay.worker.wiring.runtime import Runtime


def flagged(  # noqa: PLR0913, PLR0917  # one parameter for each option
    use_case: Annotated[list[str] | None, typer.Option("--use-case", help="Only this use case; once for each.")] = None,
    since: SinceOption = None,
    start: FromOption = None,
    end: ToOption = None,
    score: Annotated[
        str | None, typer.Option("--score", help="Which score \\[default: hallucination_risk, or all of the rubric]")
    ] = None,
    above: Annotated[float | None, typer.Option("--above", help="Flag values from here up.")] = None,
    below: Annotated[float | None, typer.Option("--below", help="Flag values lower than this.")] = None,
    rubric: Annotated[str | None, typer.Option("--rubric", help="Only answers judged by this rubric.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many answers, the worst first.")] = 20,
    form: Annotated[Format | None, typer.Option("--format", help="\\[default: table, or by the name of --out]")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write into this file.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the worst answers of a period with the sentence that was wrong, its evidence and a link."""
    side: Side = "above" if above is not None else "below"
    at = above if above is not None else below
    if above is not None and below is not None:
        raise ConfigurationError("--above and --below: a list is of one side; leave one out")

    async def work(runtime: Runtime) -> str:
        first, last = read_period(since, start, end, now=runtime.clock.now())
        cuts = choose_cuts(runtime.rubrics, rubric=rubric, score=score, side=side if at is not None else None, at=at)
        query = FlaggedQuery(start=first, end=last, use_cases=tuple(use_case or ()), cuts=cuts, limit=limit)
        await _check_use_cases(query, runtime)
        with open_list(Format.JSON if as_json else form, out) as writer:
            others = [] if rubric or score else other_rubrics(query, runtime.rubrics.values())
            return await _write(query, runtime, writer, others)

    if problem := with_runtime(config, work):
        print_error(f"assay: the trace store failed: {problem}")
        raise typer.Exit(EXIT_BACKEND)


async def _write(query: FlaggedQuery, runtime: Runtime, writer: ListWriter, others: Sequence[str]) -> str:
    """Write the list. Returns what the store refused, and nothing where it refused nothing."""
    from assay.worker.config.redaction import redaction_of
    from assay.worker.reporting.flagged.answers import FlaggedReader
    from assay.worker.reporting.flagged.ranking import Ranker, WrittenVerdicts
    from assay.worker.reporting.rubric_versions import RubricVersions

    state, store = runtime.state, runtime.store
    verdicts = WrittenVerdicts(state.ledger_reader, store, store, state.windows, runtime.history.reader)
    ranking = await Ranker(query, verdicts).rank()
    writer.begin(query, ranking.counts)
    versions = RubricVersions(runtime.rubrics.values(), state.documents)
    reader = FlaggedReader(store, state.verdicts, versions, partial(redaction_of, runtime.deployment))
    told: Counter[str] = Counter()
    problem, rank = ranking.problem, 0
    async for page in reader.pages(ranking.worst):
        for answer in page.answers:
            rank += 1
            told[answer.told_by] += 1
            writer.add(answer, rank)
        problem = problem or page.problem
    writer.end(ranking.counts, told, problem, others)
    return problem


async def _check_use_cases(query: FlaggedQuery, runtime: Runtime) -> None:
    """Refuse a name that is neither configured nor in the ledger.

    Raises:
        ConfigurationError
    """
    from assay.worker.reporting.flagged.ranking import days_of

    known = [case.name for case in runtime.deployment.use_cases]
    if any(name not in known for name in query.use_cases):
        promised = await runtime.state.ledger_reader.promised(*days_of(query))
        known += sorted({use_case for use_case, _ in promised} - set(known))
    for name in query.use_cases:
        check_known("--use-case", name, known, "neither in assay.yaml nor in the ledger of these days")
