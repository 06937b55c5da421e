"""What can be counted about the structure of a checkout: is a thing where a newcomer looks, and does it stay there?

    python -m benchmarks.house [CHECKOUT] [--json]

Counts files and functions, the rooms (folders) of both packages with the arrows between them and the circles among
these, files that lie loose in the root of `worker/`, words that name a trace store outside its folder, variables that
say nothing (`one`, `found`, `said`, `made`), and how dense the prose of `docs/` is. It only reads: another checkout,
also one from before the packages were imported as `assay.*`, is counted the same way.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

PACKAGES = ("judges", "worker")
EMPTY_NAMES = frozenset({"one", "found", "said", "made"})
STORE_WORDS = re.compile(r"langfuse|sqlite", re.IGNORECASE)
LONG_FUNCTION = 60
LONG_FILE = 300
PROSE_COLUMNS = 110


@dataclass
class House:
    """The figures, in the order they are printed."""

    python_files: int
    longest_file: int
    files_over_300_lines: int
    functions: int
    functions_over_60_lines: int
    worker_rooms: int
    loose_files_in_worker: int
    arrows_between_worker_rooms: int
    circles_among_worker_rooms: int
    golden_rooms: int
    arrows_between_golden_rooms: int
    circles_among_golden_rooms: int
    files_that_name_a_store_outside_stores: int
    store_words_outside_stores: int
    names_that_say_nothing: int
    arg_type_ignores_in_tests: int
    docs_semicolons_per_1000_words: float
    docs_lines_over_110_columns: int
    docs_lines: int


def main() -> None:
    """Print the figures of one checkout."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkout", type=Path, nargs="?", default=Path(__file__).parents[1])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = asdict(measure(options.checkout))
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):<42} {value:>8}")


def measure(checkout: Path) -> House:
    """Count everything."""
    modules = {path.relative_to(checkout): ast.parse(path.read_text()) for path in _python(checkout, *PACKAGES)}
    lines = {path: len((checkout / path).read_text().splitlines()) for path in modules}
    lengths = [length for tree in modules.values() for length in _function_lengths(tree)]
    worker = _arrows(modules, ("worker",))
    golden = _arrows(modules, ("worker", "golden"))
    store_words = _store_words(checkout)
    docs = [line for page in sorted((checkout / "docs").rglob("*.md")) for line in page.read_text().splitlines()]
    prose = "\n".join(_without_code(docs))
    return House(
        python_files=len(modules),
        longest_file=max(lines.values()),
        files_over_300_lines=sum(count > LONG_FILE for count in lines.values()),
        functions=len(lengths),
        functions_over_60_lines=sum(length > LONG_FUNCTION for length in lengths),
        worker_rooms=len(_rooms(modules, ("worker",))),
        loose_files_in_worker=sum(path.parts[0] == "worker" and len(path.parts) == 2 for path in modules) - 1,
        arrows_between_worker_rooms=len(worker),
        circles_among_worker_rooms=len(_circles(worker)),
        golden_rooms=len(_rooms(modules, ("worker", "golden"))),
        arrows_between_golden_rooms=len(golden),
        circles_among_golden_rooms=len(_circles(golden)),
        files_that_name_a_store_outside_stores=len(store_words),
        store_words_outside_stores=sum(store_words.values()),
        names_that_say_nothing=sum(_empty_names(tree) for tree in modules.values()),
        arg_type_ignores_in_tests=sum(
            path.read_text().count("type: ignore[arg-type]") for path in _python(checkout, "tests")
        ),
        docs_semicolons_per_1000_words=round(1000 * prose.count(";") / max(len(prose.split()), 1), 1),
        docs_lines_over_110_columns=sum(len(line) > PROSE_COLUMNS for line in docs),
        docs_lines=len(docs),
    )


def _python(checkout: Path, *folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in (checkout / folder).rglob("*.py") if "__pycache__" not in path.parts)


def _function_lengths(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1


def _room(path: Path, within: tuple[str, ...]) -> str | None:
    """The room a file lies in: the folder below `within`, or the file itself where it lies loose."""
    if path.parts[: len(within)] != within:
        return None
    return path.parts[len(within)].removesuffix(".py")


def _rooms(modules: dict[Path, ast.Module], within: tuple[str, ...]) -> set[str]:
    return {room for path in modules if (room := _room(path, within)) not in (None, "__init__")}


def _arrows(modules: dict[Path, ast.Module], within: tuple[str, ...]) -> set[tuple[str, str]]:
    """Pairs of rooms of which the first imports the second."""
    arrows = set()
    for path, tree in modules.items():
        source = _room(path, within)
        for target in filter(None, (_room(imported, within) for imported in _imported(tree))):
            if source is not None and source != target and "__init__" not in (source, target):
                arrows.add((source, target))
    return arrows


def _imported(tree: ast.Module) -> Iterator[Path]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = node.module.removeprefix("assay.")
            for alias in node.names:
                yield Path(*module.split("."), alias.name)


def _circles(arrows: set[tuple[str, str]]) -> list[set[str]]:
    """Groups of rooms that reach each other both ways."""
    targets: dict[str, set[str]] = defaultdict(set)
    for source, target in arrows:
        targets[source].add(target)
    reach = {room: _reached(room, targets) for pair in arrows for room in pair}
    groups = {frozenset({room, *(other for other in reach[room] if room in reach[other])}) for room in reach}
    return [set(group) for group in groups if len(group) > 1]


def _reached(start: str, targets: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for room in targets[waiting.pop()] - seen:
            seen.add(room)
            waiting.append(room)
    return seen


def _store_words(checkout: Path) -> Counter[str]:
    """How often each file of the two packages, outside the folders of the stores themselves, names a store."""
    words: Counter[str] = Counter()
    for path in _python(checkout, *PACKAGES):
        within = path.relative_to(checkout)
        if within.parts[:2] != ("worker", "stores") or len(within.parts) < 4:
            words[str(within)] = len(STORE_WORDS.findall(path.read_text()))
    return Counter({path: count for path, count in words.items() if count})


def _empty_names(tree: ast.Module) -> int:
    """Bindings of names that do not say what they hold."""
    count = 0
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                count += name in EMPTY_NAMES
            case ast.Attribute(attr=name, ctx=ast.Store()):
                count += name in EMPTY_NAMES
            case _:
                pass
    return count


def _without_code(lines: list[str]) -> Iterator[str]:
    inside = False
    for line in lines:
        if line.lstrip().startswith("```"):
            inside = not inside
        elif not inside:
            yield line


if __name__ == "__main__":
    main()
