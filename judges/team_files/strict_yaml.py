"""Strict YAML: no key twice, no value that holds itself, nothing without a bound, a line for every fault."""

from __future__ import annotations

from typing import Any

import yaml

MAX_BYTES = 1_000_000
"""The most that a file of keys may hold. Tables and items lie in files of their own."""

MOST_VALUES = 50_000
"""Values in a file, also with every anchor written out: a use case has some twenty, and reading them all takes two
seconds. E.g. five lines of ten anchors each would unfold to 100,000."""

MOST_UNFOLDED = MAX_BYTES
"""Characters of a file with every anchor written out: no more than it might have held without them."""

DEEPEST = 100
"""Levels of nesting. The deepest key of assay.yaml lies on the sixth, and JSON schemas in rubrics on some twenty."""


class StrictLoader(yaml.SafeLoader):
    """YAML without repeated keys, of which PyYAML would silently take the last, and with a line for every fault."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._values = self._depth = 0

    def fetch_flow_collection_start(self, token: Any) -> None:
        """Read a `[` or `{`. The scanner reads ahead of the parser, and many of them would take it seconds."""
        if self.flow_level >= DEEPEST:
            raise yaml.scanner.ScannerError(None, None, "nested too deeply", self.get_mark())
        super().fetch_flow_collection_start(token)

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        """Compose a value, as long as there are not too many, nor too deep."""
        self._values += 1
        self._depth += 1
        if self._values > MOST_VALUES or self._depth > DEEPEST:
            many = f"holds more than {MOST_VALUES:,} values; shorten it"
            problem = "nested too deeply" if self._depth > DEEPEST else many
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, problem, mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

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

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002  # PyYAML's signature
        """Build a value. One that is none, as the 31st of February, is an error at its place."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, OverflowError) as exc:
            problem = f"a value cannot be read ({str(exc).partition(':')[0]})"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from exc


def load(text: str) -> tuple[Any, yaml.Node | None]:
    """Parse YAML safely, within a second or two whatever it holds.

    Returns:
        The value, and the tree of nodes that knows its lines. None of an empty text.

    Raises:
        yaml.YAMLError: also where a key stands twice in one mapping, a value is none, an anchor holds itself or unfolds
            to too much, or the text is too long, has too many values, or is nested too deeply.
    """
    if len(text) > MAX_BYTES:
        raise yaml.MarkedYAMLError(problem=f"has more than {MAX_BYTES:,} characters, which is too large; shorten it")
    loader = StrictLoader(text)
    try:
        node = loader.get_single_node()
        if node is not None:
            _unfolded(node, set(), {})
        value = None if node is None else loader.construct_document(node)
    except RecursionError as exc:
        raise yaml.MarkedYAMLError(problem="nested too deeply") from exc
    finally:
        loader.dispose()
    return value, node


def _unfolded(node: yaml.Node, around: set[int], known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """How many values and characters a value has with its anchors written out. What `<<` brings in counts as well.

    Raises:
        yaml.MarkedYAMLError: it holds itself, which YAML can say and nothing else can read, or it is too large.
    """
    if id(node) in known:
        return known[id(node)]
    if id(node) in around:
        raise yaml.MarkedYAMLError(problem="an anchor stands inside what it names", problem_mark=node.start_mark)
    around.add(id(node))
    values, characters = 1, len(node.value) if isinstance(node, yaml.ScalarNode) else 0
    for part in _parts(node):
        more, longer = _unfolded(part, around, known)
        values, characters = values + more, characters + longer
        if values > MOST_VALUES or characters > MOST_UNFOLDED:
            problem = "its anchors (`&` and `*`) unfold to too much; write the values out"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
    around.remove(id(node))
    known[id(node)] = values, characters
    return values, characters


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
