"""YAML for people to read and for machines to load: keys in their order, long texts as blocks."""

from __future__ import annotations

from typing import Any

import yaml

_COLUMNS = 110


class _Dumper(yaml.SafeDumper):
    """Indents lists, and writes texts of several lines as they are."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def yaml_text(value: Any, *, head: str) -> str:
    """A value as YAML, below a comment.

    Args:
        value: lists, mappings and scalars.
        head: the comment, without its signs.
    """
    comment = "".join(f"# {line}\n" for line in head.splitlines())
    return comment + yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=_COLUMNS, allow_unicode=True)
