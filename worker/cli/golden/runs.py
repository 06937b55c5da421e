"""`assay golden runs`."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root
from assay.worker.cli.golden.options import NameArgument
from assay.worker.wiring.golden_calls import read_set, run_store


def list_runs(name: NameArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the kept runs and gates of a set, oldest first, and the runs on this machine that wait for a batch."""
    settings, root = settings_and_root(config)
    golden = read_set(root, settings, name)
    store = run_store(root, settings, golden)
    history = store.history()
    if as_json:
        print_json([*history, *store.waiting()])
        return
    table = Table("run", "kind", "target", "passed", "failed", "missing", "verdict", "same set")
    for run in history:
        counts = (str(run.passed), str(run.failed), str(run.missing))
        verdict = "" if run.verdict is None else run.verdict.value
        same = "yes" if run.set_digest == golden.digest else "no"
        table.add_row(run.run_id, run.kind, Text(run.target), *counts, verdict, same)
    console.print(table)
    for waiting in store.waiting():
        since, named = f"{waiting.since:%Y-%m-%d %H:%M} UTC", ", ".join(waiting.batches) or "not sent yet"
        line = f"{waiting.run_id}: {waiting.judgements} judgements wait for a batch since {since} ({named})"
        console.print(Text(line), soft_wrap=True)
