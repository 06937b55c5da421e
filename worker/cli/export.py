"""`assay export`: the record as a file."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, settings_and_root
from assay.worker.cli.report import period_of
from assay.worker.cli.streams import print_error
from assay.worker.ports.history import HistoryReader
from assay.worker.records.history import HistoryQuery
from assay.worker.records.private_files import private_file, replace_private
from assay.worker.reporting.export.row_files import RowFile, write_rows
from assay.worker.wiring.history import open_record


class ExportFormat(StrEnum):
    """The formats of a file."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"


def export(
    since: Annotated[
        str | None, typer.Option("--since", help="First moment: 2026-11-20, 36h or 7d \\[default: seven UTC days]")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Last day, or the moment after the last \\[default: now]")
    ] = None,
    use_case: Annotated[list[str] | None, typer.Option("--use-case", help="Only this use case; once for each.")] = None,
    rubric: Annotated[list[str] | None, typer.Option("--rubric", help="Only this rubric; once for each.")] = None,
    form: Annotated[
        ExportFormat | None, typer.Option("--format", help="\\[default: by the name of --out, else jsonl]")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write into this file \\[default: stdout]")] = None,
    config: ConfigOption = None,
) -> None:
    """Write the record of a period as Parquet, CSV or JSON lines: one row per trace and rubric that came to an end."""
    first, last = period_of(since, until, now=datetime.now(UTC))
    query = HistoryQuery(since=first, until=last, use_cases=tuple(use_case or ()), rubrics=tuple(rubric or ()))
    settings, root = settings_and_root(config)

    async def work() -> int:
        record = open_record(settings, root)
        try:
            with _open_file(_format(form, out), out) as file:
                count = await write_rows(record.reader, query, file)
            if not count:
                print_error(await _why_empty(record.reader, query))
            return count
        finally:
            await record.close()

    count = asyncio.run(work())
    if out is not None:
        print_error(f"{count:,} rows written to {out}")


def _format(form: ExportFormat | None, out: Path | None) -> ExportFormat:
    """The format that was asked for, or that the file's name tells.

    Raises:
        ConfigurationError: the name ends in that of another format, e.g. `rows.xlsx`.
    """
    if form is not None:
        return form
    suffix = "" if out is None else out.suffix.lower().removeprefix(".")
    if not suffix:
        return ExportFormat.JSONL
    if suffix not in set(ExportFormat):
        raise ConfigurationError(
            f"--out {out}: no format is called .{suffix}; end the name in .parquet, .csv or .jsonl, or add --format"
        )
    return ExportFormat(suffix)


@contextmanager
def _open_file(form: ExportFormat, out: Path | None) -> Iterator[RowFile]:
    """A file of rows on stdout, or one that takes its name only when it is whole.

    Raises:
        ConfigurationError: it cannot be written.
    """
    if out is None:
        if form is ExportFormat.PARQUET:
            raise ConfigurationError("--format parquet: is no text for a terminal; name a file with --out")
        if isinstance(sys.stdout, io.TextIOWrapper):
            # Data, whatever the locale: a character put into plain words could end a quote or begin a formula.
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="")
        yield _text_rows(form, sys.stdout)
        sys.stdout.flush()
        return
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        is_device = out.exists() and not out.is_file()  # a pipe or a device, e.g. /dev/stdout, is written to as it is
        if not is_device:
            private_file(part)
        with (out if is_device else part).open("wb") as stream:
            yield from _rows_in(form, stream)
        if not is_device:
            replace_private(part, out)
    except OSError as exc:
        raise ConfigurationError(f"--out {out}: cannot be written ({exc.strerror or exc}); name another file") from exc
    finally:
        part.unlink(missing_ok=True)


def _rows_in(form: ExportFormat, stream: io.BufferedWriter) -> Iterator[RowFile]:
    if form is ExportFormat.PARQUET:
        from assay.worker.reporting.export.parquet_file import ParquetFile

        yield ParquetFile(stream)
        return
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    yield _text_rows(form, text)
    text.flush()
    text.detach()  # so that it does not close the file


def _text_rows(form: ExportFormat, stream: TextIO) -> RowFile:
    if form is ExportFormat.CSV:
        from assay.worker.reporting.export.csv_rows import CsvRows

        return CsvRows(stream)
    from assay.worker.reporting.export.json_lines import JsonLines

    return JsonLines(stream)


async def _why_empty(reader: HistoryReader, query: HistoryQuery) -> str:
    period = f"{query.since:%Y-%m-%d %H:%M} to {query.until:%Y-%m-%d %H:%M} UTC"
    counts = await reader.counts(query.model_copy(update={"use_cases": (), "rubrics": ()}))
    if not counts:
        return f"no rows: the record has none from {period}; see `assay status` and `assay doctor`"
    known = ", ".join(sorted({f"{use_case} by {rubric}" for use_case, rubric, *_ in counts}))
    return f"no rows of these use cases and rubrics from {period}; the record has: {known}"
