"""Ports stay small enough to fake in twenty lines, and a use case takes the ports that it uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

MOST_METHODS_OF_A_PORT = 6
"""A fake of six methods with a line each fits into twenty lines."""

HOLDERS_OF_THE_BUNDLE = ("worker/ports/state.py", "worker/state/", "worker/wiring/")
"""Where `FleetState`, the bundle of all ports on the shared state, may be named."""


def protocols() -> Iterator[tuple[str, ast.ClassDef]]:
    """Every protocol below `worker/ports`, with where it is."""
    for path in sorted((ROOT / "worker/ports").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "Protocol" for base in node.bases):
                yield f"{path.relative_to(ROOT).as_posix()}:{node.name}", node


def methods_of(port: ast.ClassDef) -> list[str]:
    return [node.name for node in port.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_every_port_is_small_enough_to_fake_in_twenty_lines() -> None:
    sizes = {where: len(methods_of(port)) for where, port in protocols()}
    assert len(sizes) >= 12, "the ports are looked for in the wrong place"
    large = {where: size for where, size in sizes.items() if size > MOST_METHODS_OF_A_PORT}
    assert not large, f"divide them, at most {MOST_METHODS_OF_A_PORT} methods each: {large}"


def test_only_wiring_holds_the_bundle_of_all_ports() -> None:
    paths = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "worker").rglob("*.py"))]
    others = [path for path in paths if not path.startswith(HOLDERS_OF_THE_BUNDLE)]
    holders = [path for path in others if "FleetState" in (ROOT / path).read_text(encoding="utf-8")]
    assert not holders, f"take the ports that are used, not all of them: {holders}"
