"""Names and sizes in `judges/` and `worker/`: variables say what they hold, functions and files stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("judges", "worker")

BANNED = frozenset({"one", "found", "said", "made"})
"""Names that say nothing of what they hold: `for one in items`. Take the thing's own name, or `match`, `message`."""

MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_A_FILE = 400
BANNED_MODULES = frozenset({"util", "utils", "helper", "helpers", "misc"})


class Binding(NamedTuple):
    """A name that is given a value: a variable, parameter, field, attribute, function, class or alias."""

    name: str
    line: int


def bindings(tree: ast.AST) -> Iterator[Binding]:
    """Every name bound in a module, whatever binds it."""
    for node in ast.walk(tree):
        for name in _bound_by(node):
            yield Binding(name, getattr(node, "lineno", 0))


def _bound_by(node: ast.AST) -> tuple[str, ...]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(arg=name):
            return (name,)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return (name,)
        case (
            ast.ExceptHandler(name=str(name))
            | ast.alias(asname=str(name))
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.MatchMapping(rest=str(name))
        ):
            return (name,)
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return tuple(names)
        case _:
            return ()


def sources() -> Iterator[tuple[str, str]]:
    """Path from the root and content of every module."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def banned_in(room: str) -> list[str]:
    """Where modules below a folder bind a name that says nothing."""
    return [
        f"{path}:{binding.line}: {binding.name}"
        for path, text in sources()
        if path.startswith(f"{room}/")
        for binding in bindings(ast.parse(text))
        if binding.name in BANNED
    ]


@pytest.mark.parametrize(
    "source",
    [
        "one = 1",
        "one: int = 1",
        "one += 1",
        "one, rest = 1, 2",
        "item.one = 1",
        "def f(one): ...",
        "def f(*one): ...",
        "def f(**one): ...",
        "def one(): ...",
        "class one: ...",
        "class Row:\n    one: int",
        "[one for one in ()]",
        "[1 for a, one in ()]",
        "for one in (): ...",
        "with a as one: ...",
        "try: ...\nexcept E as one: ...",
        "if (one := 1): ...",
        "import a as one",
        "from a import b as one",
        "lambda one: 1",
        "match a:\n    case [one, *_]: ...",
        "match a:\n    case {'k': 1, **one}: ...",
        "async def f():\n    async for one in a: ...",
    ],
)
def test_every_way_to_bind_a_name_is_seen(source: str) -> None:
    assert "one" in {binding.name for binding in bindings(ast.parse(source))}


def test_reading_a_name_or_saying_it_in_text_binds_nothing() -> None:
    source = "print(one, item.one)\nf(one=1)\n'one'\nfrom a import one_of"
    assert not [binding for binding in bindings(ast.parse(source)) if binding.name in BANNED]


def test_variables_say_what_they_hold() -> None:
    places = [place for folder in FOLDERS for place in banned_in(folder)]
    assert not places, "names that say nothing; call them what they hold:\n" + "\n".join(places)


def test_functions_and_files_stay_small() -> None:
    places = []
    for path, text in sources():
        lines = text.count("\n")
        if lines > MOST_LINES_OF_A_FILE:
            places.append(f"{path}: {lines} lines, at most {MOST_LINES_OF_A_FILE}")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > MOST_LINES_OF_A_FUNCTION:
                    places.append(f"{path}:{node.lineno}: {node.name} has {size} lines")
    assert not places, "divide them:\n" + "\n".join(places)


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = [path for path, _ in sources() if BANNED_MODULES & set(Path(path).with_suffix("").parts)]
    assert not drawers, "name them after what they do:\n" + "\n".join(drawers)
