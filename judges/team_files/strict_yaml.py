"""Strict YAML: no key twice, no value that holds itself, nothing that unfolds without bound, a line for every fault."""

from __future__ import annotations

from typing import Any

import yaml

MOST_MERGED = 10_000
"""Keys that `<<` may bring into one mapping."""

MOST_UNFOLDED = 5_000_000
"""How large a value may be with every anchor written out: a value counts 1, and a text its characters."""


class StrictLoader(yaml.SafeLoader):
    """YAML without repeated keys, of which PyYAML would silently take the last, and with a line for every fault."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Compose a mapping. A key that comes twice is an error at its place. What `<<` brings in may be overridden."""
        node = super().compose_mapping_node(anchor)
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            named = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else (key.tag, str(id(key)))
            if named in seen:
                raise yaml.composer.ComposerError(None, None, f"key {key.value!r} stands twice", key.start_mark)
            seen.add(named)
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Write out what `<<` brings in, as far as that is bounded."""
        super().flatten_mapping(node)
        if len(node.value) > MOST_MERGED:
            problem = f"`<<` brings in more than {MOST_MERGED:,} keys; write out those you need"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002  # PyYAML's signature
        """Build a value. One that is none, as the 31st of February, is an error at its place."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, OverflowError) as exc:
            problem = f"a value cannot be read ({str(exc).partition(':')[0]})"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from exc


def load(text: str) -> tuple[Any, yaml.Node | None]:
    """Parse YAML safely.

    Returns:
        The value, and the tree of nodes that knows its lines. None of an empty text.

    Raises:
        yaml.YAMLError: also where a key stands twice in one mapping, a value is none, an anchor holds itself or unfolds
            without bound, or something is nested too deeply.
    """
    loader = StrictLoader(text)
    try:
        node = loader.get_single_node()
        value = None if node is None else loader.construct_document(node)
        _check_size(value, set(), {})
    except RecursionError as exc:
        raise yaml.MarkedYAMLError(problem="nested too deeply") from exc
    finally:
        loader.dispose()
    return value, node


def _check_size(value: Any, around: set[int], known: dict[int, int]) -> int:
    """The size of a value with its anchors written out.

    Raises:
        yaml.MarkedYAMLError: it holds itself, which YAML can say and nothing else can read, or it is too large.
    """
    if not isinstance(value, dict | list):
        return 1 + (len(value) if isinstance(value, str) else 0)
    if id(value) in known:
        return known[id(value)]
    if id(value) in around:
        raise yaml.MarkedYAMLError(problem="an anchor stands inside what it names")
    around.add(id(value))
    inner = [*value, *value.values()] if isinstance(value, dict) else value
    size = 1 + sum(_check_size(part, around, known) for part in inner)
    if size > MOST_UNFOLDED:
        raise yaml.MarkedYAMLError(problem="its anchors (`&` and `*`) unfold to too much; write the values out")
    around.remove(id(value))
    known[id(value)] = size
    return size
