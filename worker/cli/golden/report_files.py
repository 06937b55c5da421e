"""The files that `assay gate` and `assay golden run` write beside what they print."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from assay.worker.golden.report.json_report import run_json
from assay.worker.golden.report.junit import gate_junit, run_junit
from assay.worker.golden.report.markdown import gate_markdown, run_markdown
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.run_result import GoldenRun
from assay.worker.golden.runs.run_store import RunStore
from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.golden.sets.golden_set import GoldenSet

MarkdownOption = Annotated[Path | None, typer.Option("--markdown", help="Write a summary for a pull request.")]
HtmlOption = Annotated[
    Path | None, typer.Option("--html", help="Write one self-contained page: every answer, its claims and evidence.")
]
LinkOption = Annotated[
    str | None,
    typer.Option("--html-link", metavar="URL", help="Where the page will be, for the Markdown \\[default: its path]"),
]
JunitOption = Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML, a case for each item.")]


@dataclass(frozen=True)
class ReportFiles:
    """Which reports were asked for. Every path may be None: not asked for."""

    markdown: Path | None
    junit: Path | None
    html: Path | None
    html_link: str | None

    def write_run(self, run: GoldenRun, golden: GoldenSet, store: RunStore, out: Path | None) -> list[str]:
        """Write the reports of a run; returns what to say of it.

        Raises:
            GoldenSetError: a file cannot be written.
        """
        # The page imports a template engine, which nobody else waits for.
        from assay.worker.golden.report.html.page import run_page

        page = run_page(run, golden.items, store.history()) if self.html else ""
        return self._write(
            (out, run_json(run) if out else ""),
            (self.markdown, run_markdown(run, self._link()) if self.markdown else ""),
            (self.junit, run_junit(run) if self.junit else ""),
            (self.html, page),
        )

    def write_gate(self, result: GateResult, store: RunStore) -> list[str]:
        """Write the reports of a gate; returns what to say of it.

        Raises:
            GoldenSetError: a file cannot be written.
        """
        from assay.worker.golden.report.html.page import gate_page

        return self._write(
            (self.markdown, gate_markdown(result, self._link()) if self.markdown else ""),
            (self.junit, gate_junit(result) if self.junit else ""),
            (self.html, gate_page(result, store.history()) if self.html else ""),
        )

    def _link(self) -> str | None:
        return self.html_link or (str(self.html) if self.html else None)

    def _write(self, *files: tuple[Path | None, str]) -> list[str]:
        for path, text in files:
            if path is not None:
                _write_file(path, text)
        return [] if self.html is None else [f"every answer, its claims and evidence: {self.html}"]


def _write_file(path: Path, text: str) -> None:
    """Write in place: a pipeline may name /dev/stdout or a pipe, which must not be replaced by a file."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise GoldenSetError(path, "file", f"cannot be written ({exc.strerror or exc}); name another file") from exc
