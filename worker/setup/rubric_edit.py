"""Adding selectors to a rubric's text: comments, layout and everything else in the file stay as they are.

PyYAML tells where each value stands. What is added goes in there, and the result is loaded and compared with what it
should be: a text that cannot be edited so is not edited at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from assay.judges.errors import ConfigurationError, RubricError
from assay.judges.rubric import Rubric, parse_rubric

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
"""A selector that YAML reads as text without quotes: `root.input.kwargs.frage`."""
_END = re.compile(r"^\.\.\.[ \t]*$", re.MULTILINE)
"""The end of a document: `...`."""
_WIDE = 100
_NOTE = "# Where the parts of a sample lie in our traces. Written by `assay doctor --fix`; yours to edit."

Chains = Mapping[str, Sequence[str]]
"""By part, all selectors that should stand there."""


def with_chains(text: str, chains: Chains, *, source: Path, variables: Mapping[str, str]) -> str:
    """The rubric's text with these chains under `sample`.

    Raises:
        ConfigurationError: the text's layout has no place for them; the message gives the lines to add by hand.
        RubricError: the text is no rubric.
    """
    before = parse_rubric(text, source=str(source), variables=variables, directory=source.parent)
    wanted = before.model_copy(update={"sample": before.sample.model_copy(update=_tuples(chains))})
    if wanted.sample == before.sample:
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    edited = text
    for part, chain in chains.items():
        edited = _with_chain(edited, part, tuple(chain), newline)
    if not _is(edited, wanted, source, variables):
        by_hand = "; ".join(f"{part}: [{', '.join(map(_quoted, chain))}]" for part, chain in chains.items())
        raise ConfigurationError(
            f"{source}: sample: its layout cannot be edited safely; write this under `sample:` yourself: {by_hand}"
        )
    return edited


def _tuples(chains: Chains) -> dict[str, tuple[str, ...]]:
    return {part: tuple(chain) for part, chain in chains.items()}


def _is(text: str, wanted: Rubric, source: Path, variables: Mapping[str, str]) -> bool:
    try:
        edited = parse_rubric(text, source=str(source), variables=variables, directory=source.parent)
    except RubricError:
        return False
    return edited == wanted


def _with_chain(text: str, part: str, chain: tuple[str, ...], newline: str) -> str:
    """The text with one part's chain. Where the text has no place for it, it stays as it is."""
    top = _mapping(yaml.compose(text, Loader=yaml.SafeLoader))
    sample = _value(top, "sample") if top else None
    if top is None or not isinstance(sample, yaml.MappingNode | None):
        return text
    if sample is None:
        return _with_sample(text, top, part, chain, newline)
    present = _value(sample, part)
    if present is None:
        return _with_part(text, sample, part, chain, newline)
    if isinstance(present, yaml.SequenceNode):
        return _with_items(text, present, chain, newline)
    is_inline = isinstance(present, yaml.ScalarNode) and present.style not in {"|", ">"}
    return _put(text, present.start_mark.index, present.end_mark.index, _flow(chain)) if is_inline else text


def _mapping(node: yaml.Node | None) -> yaml.MappingNode | None:
    return node if isinstance(node, yaml.MappingNode) and node.value else None


def _value(mapping: yaml.MappingNode, key: str) -> yaml.Node | None:
    return next((value for name, value in mapping.value if name.value == key), None)


def _with_sample(text: str, top: yaml.MappingNode, part: str, chain: tuple[str, ...], newline: str) -> str:
    """A `sample` at the end of the file."""
    if top.flow_style:
        return _in_flow(text, top, f'"sample": {{"{part}": {_flow(chain, is_json=True)}}}')
    indent = " " * top.value[0][0].start_mark.column
    block = newline.join(f"{indent}{line}" for line in (_NOTE, "sample:", *_block(part, chain, "  ")))
    document_end = _END.search(text, top.start_mark.index)
    at = document_end.start() if document_end else len(text)
    head = text[:at]
    return head + ("" if head.endswith("\n") else newline) + block + newline + text[at:]


def _with_part(text: str, sample: yaml.MappingNode, part: str, chain: tuple[str, ...], newline: str) -> str:
    """One more key under `sample`."""
    if sample.flow_style:
        return _in_flow(text, sample, f"{part}: {_flow(chain)}")
    if not sample.value:
        return text
    indent = " " * sample.value[0][0].start_mark.column
    return _after_line(text, _last_index(sample), newline.join(_block(part, chain, indent)), newline)


def _with_items(text: str, present: yaml.SequenceNode, chain: tuple[str, ...], newline: str) -> str:
    """New items among those of a list, each before the old one that it should stand before, or at the end."""
    old = [node.value if isinstance(node, yaml.ScalarNode) else None for node in present.value]
    if not old:
        return _put(text, present.start_mark.index, present.end_mark.index, _flow(chain))
    for new in (item for item in chain if item not in old):
        # From the end: places before it keep their positions. The document is read anew for each.
        follower = next((item for item in chain[chain.index(new) + 1 :] if item in old), None)
        at = old.index(follower) if follower is not None else len(old)
        text = _with_item(text, present, at, new, newline)
        reread = _find_same(text, present)
        if reread is None:
            return text
        present, old = reread, [node.value if isinstance(node, yaml.ScalarNode) else None for node in reread.value]
    return text


def _find_same(text: str, sequence: yaml.SequenceNode) -> yaml.SequenceNode | None:
    """The list that begins where this one did."""
    try:
        stack: list[yaml.Node | None] = [yaml.compose(text, Loader=yaml.SafeLoader)]
    except yaml.YAMLError:
        return None
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.SequenceNode) and node.start_mark.index == sequence.start_mark.index:
            return node
        if isinstance(node, yaml.MappingNode):
            stack += [value for _, value in node.value]
    return None


def _with_item(text: str, sequence: yaml.SequenceNode, at: int, item: str, newline: str) -> str:
    nodes = sequence.value
    if sequence.flow_style:
        if at < len(nodes):
            return _put(text, nodes[at].start_mark.index, nodes[at].start_mark.index, f"{_quoted(item)}, ")
        end = nodes[-1].end_mark.index
        return _put(text, end, end, f", {_quoted(item)}")
    indent = " " * sequence.start_mark.column
    if at < len(nodes):
        start = text.rfind("\n", 0, nodes[at].start_mark.index) + 1
        return _put(text, start, start, f"{indent}- {_quoted(item)}{newline}")
    return _after_line(text, _last_index(sequence), f"{indent}- {_quoted(item)}", newline)


def _in_flow(text: str, mapping: yaml.MappingNode, entry: str) -> str:
    """An entry at the end of a flow mapping: after its last value, so that a trailing comma stays one."""
    if not mapping.value:
        return _put(text, mapping.start_mark.index, mapping.end_mark.index, f"{{{entry}}}")
    end = mapping.value[-1][1].end_mark.index
    return _put(text, end, end, f", {entry}")


def _last_index(node: yaml.Node) -> int:
    """Where the last scalar or flow value in a node ends: a block's own end mark lies after comments that follow it."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _last_index(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _last_index(node.value[-1])
    return int(node.end_mark.index)


def _after_line(text: str, index: int, block: str, newline: str) -> str:
    """A block after the line in which a value ends, which keeps the comment beside it."""
    if text[:index].endswith("\n"):
        return _put(text, index, index, block + newline)
    end = text.find("\n", index)
    if end < 0:
        return text + newline + block + newline
    return _put(text, end + 1, end + 1, block + newline)


def _put(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def _block(part: str, chain: tuple[str, ...], indent: str) -> list[str]:
    flow = f"{indent}{part}: {_flow(chain)}"
    if len(flow) <= _WIDE:
        return [flow]
    return [f"{indent}{part}:", *(f"{indent}  - {_quoted(item)}" for item in chain)]


def _flow(chain: tuple[str, ...], *, is_json: bool = False) -> str:
    return f"[{', '.join(_in_double_quotes(item) if is_json else _quoted(item) for item in chain)}]"


def _quoted(selector: str) -> str:
    return selector if _PLAIN.fullmatch(selector) else _in_double_quotes(selector)


def _in_double_quotes(text: str) -> str:
    dumped: str = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=10**9)
    return dumped.strip()
