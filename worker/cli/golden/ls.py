"""`assay golden ls`."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root
from assay.worker.cli.golden.sets import baseline_words
from assay.worker.golden.sets.golden_set import LOCK, GoldenSet
from assay.worker.golden.sets.lock import changes_since_lock
from assay.worker.wiring.golden_calls import read_set


def _state(golden: GoldenSet, changes: list[str]) -> str:
    """How the set stands to its lock. Of one that was never frozen every part would be a change."""
    if not (golden.directory / LOCK).is_file():
        return f"[yellow]never frozen[/]: assay golden freeze {golden.name}"
    return "frozen" if not changes else "[red]changed[/]: " + "; ".join(changes)


def list_sets(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the golden sets in reach, and whether each still is what was frozen."""
    settings, root = settings_and_root(config)
    table = Table("golden set", "items", "anchors", "releases", "baseline", "state")
    sets: dict[str, dict[str, object]] = {}
    for name in root.golden_set_names():
        try:
            golden = read_set(root, settings, name)
        except ConfigurationError as exc:
            table.add_row(name, "", "", "", "", Text.assemble(("cannot be read", "red"), f": {exc}"))
            sets[name] = {"problem": str(exc)}
            continue
        changes = [str(change) for change in changes_since_lock(golden)]
        table.add_row(
            name,
            str(len(golden.items)),
            str(len(golden.anchors)),
            ", ".join(golden.releases()),
            baseline_words(golden),
            _state(golden, changes),
        )
        sets[name] = {
            "items": len(golden.items),
            "releases": list(golden.releases()),
            "baseline": baseline_words(golden),
            "changes": changes,
        }
    if as_json:
        print_json(sets)
    else:
        console.print(table)
