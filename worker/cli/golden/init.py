"""`assay golden init`: the first files of a golden set."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, console, settings_and_root, with_runtime
from assay.worker.cli.period import read_period
from assay.worker.config.deployment import CONFIG_FILE
from assay.worker.config.root import ConfigRoot, packaged_root
from assay.worker.setup.golden_set.content import EXAMPLE, SetContent, content_of
from assay.worker.setup.golden_set.manifest_text import FirstManifest
from assay.worker.setup.golden_set.tables import read_table
from assay.worker.setup.golden_set.writing import FIRST_RELEASE, new_set_directory, write_set


class Target(StrEnum):
    """Where a set's answers come from."""

    RECORDED = "recorded"
    HTTP = "http"
    OPENAI = "openai"
    PYTHON = "python"


def init_set(  # noqa: PLR0913, PLR0917  # one parameter for each option
    name: Annotated[str, typer.Argument(help="Name of the new set (a directory in golden_sets/).")],
    table: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Questions: .csv, .jsonl or .json, one a row.")
    ] = None,
    from_flagged: Annotated[
        bool, typer.Option("--from-flagged", help="Questions of flagged traces, their answers to be labelled.")
    ] = False,
    target: Annotated[
        Target | None, typer.Option("--target", help="\\[default: recorded if the table has answers, else http]")
    ] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--map", metavar="COLUMN=FIELD", help="What a column holds; may be repeated.")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="Who labelled.")] = "",
    licence: Annotated[str, typer.Option("--licence", help="Under which terms the texts may be used.")] = "",
    since: Annotated[
        str | None, typer.Option("--since", help="With --from-flagged: how far back, as 24h or 7d \\[default: 7d]")
    ] = None,
    use_case: Annotated[
        list[str] | None, typer.Option("--use-case", help="With --from-flagged: only this one; may be repeated.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write a golden set to fill in: a commented manifest, items and anchors from a table or from flagged traces.

    Columns are known by their names (question, response, contexts, reference, label, source_id, …, also as RAGAS,
    DeepEval and others call them); --map names the rest. Nothing is frozen yet, and nothing that exists is touched.
    """
    if table is not None and from_flagged:
        raise ConfigurationError("--from and --from-flagged: a set begins with one of them; leave one out")
    if not from_flagged and (since is not None or use_case):
        raise ConfigurationError("--since and --use-case belong to --from-flagged")
    _, root = settings_and_root(config)
    directory = _home(root, name)
    if from_flagged:
        content, source = _flagged(config, since, use_case or []), f"flagged traces, {datetime.now(UTC):%Y-%m-%d}"
    elif table is not None:
        content, source = content_of(read_table(table), _given(columns or [])), table.name
    else:
        content, source = EXAMPLE, ""
    kind = target or (Target.RECORDED if content.answers else Target.HTTP)
    manifest = FirstManifest(
        name=name,
        target=kind.value,
        baseline=FIRST_RELEASE if content.answers else None,
        by=by,
        licence=licence,
        source=source,
    )
    write_set(directory, content, manifest)
    _say(config, directory, content, manifest)


def _home(root: ConfigRoot, name: str) -> Path:
    """The new set's directory in the team's own config root.

    Raises:
        ConfigurationError: there is none, or the name cannot be taken.
    """
    if root.path == packaged_root() and not (Path.cwd() / CONFIG_FILE).is_file():
        raise ConfigurationError(f"{Path.cwd()}: holds no {CONFIG_FILE}; make one by `assay init`, then try again")
    return new_set_directory(root.path, name)


def _given(columns: list[str]) -> dict[str, str]:
    pairs = [column.rpartition("=") for column in columns]
    bad = next((column for column, pair in zip(columns, pairs, strict=True) if not pair[0] or not pair[2]), None)
    if bad is not None:
        raise ConfigurationError(f"--map {bad}: write COLUMN=FIELD, as --map Frage=question")
    return {column.strip(): field.strip() for column, _, field in pairs}


def _flagged(config: Path | None, since: str | None, use_cases: list[str]) -> SetContent:
    """The content from flagged traces.

    Raises:
        ConfigurationError: nothing is flagged.
    """
    from assay.worker.config.redaction import redaction_of
    from assay.worker.reporting.flagged.query import FlaggedQuery, choose_cuts
    from assay.worker.reporting.flagged.ranking import Ranker, WrittenVerdicts
    from assay.worker.setup.golden_set.content import MOST_ITEMS
    from assay.worker.setup.golden_set.flagged import flagged_content
    from assay.worker.wiring.runtime import Runtime

    async def work(runtime: Runtime) -> SetContent:
        first, last = read_period(since, None, None, now=runtime.clock.now())
        cuts = choose_cuts(runtime.rubrics)
        query = FlaggedQuery(start=first, end=last, use_cases=tuple(use_cases), cuts=cuts, limit=MOST_ITEMS)
        store = runtime.store
        ranking = await Ranker(query, WrittenVerdicts(runtime.state.ledger_reader, store, store)).rank()
        redaction = partial(redaction_of, runtime.deployment)
        return await flagged_content(ranking.worst, store, runtime.rubrics, redaction)

    content = with_runtime(config, work)
    if not content.items:
        raise ConfigurationError("--from-flagged: nothing was flagged in this time; see `assay flagged`, or use --from")
    return content


def _say(config: Path | None, directory: Path, content: SetContent, manifest: FirstManifest) -> None:
    """What was written, what was done with the table, and what comes next."""
    marked = sum(anchor["label"] for anchor in content.anchors)
    parts = [f"{len(content.items)} items", f"{marked} + {len(content.anchors) - marked} anchors (wrong + right)"]
    parts += [f"{len(content.unlabelled)} answers to label"] if content.unlabelled else []
    parts += [f"release {FIRST_RELEASE}"] if content.answers else []
    for line in (f"{directory}: {', '.join(parts)}", *(f"  {note}" for note in content.notes), "next:"):
        console.print(Text(line), soft_wrap=True)
    where = f" -c {config}" if config is not None else ""
    steps = [(f"$EDITOR {directory / 'manifest.yaml'}", "the lines marked <- fill in")]
    if content.unlabelled:
        steps.append((f"assay golden label {manifest.name}{where}", "at least 10 wrong and 10 right answers"))
    steps.append((f"assay golden freeze {manifest.name}{where}", "checks, a summary, then golden.lock"))
    if manifest.target == "recorded":
        steps.append((f"assay gate {manifest.name}{where} --candidate {FIRST_RELEASE}", "then one of your own"))
    elif manifest.baseline is not None:
        steps.append((f"assay gate {manifest.name}{where}", f"the application against release {FIRST_RELEASE}"))
    else:
        steps.append((f"assay golden run {manifest.name}{where} --repeats 5", "then assay golden baseline"))
    for command, what in steps:
        console.print(Text(f"  {command}  # {what}"), soft_wrap=True)
