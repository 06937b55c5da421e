"""Selectors: where in a trace a part of a sample is looked for, as a rubric writes it.

root.input                               the whole input of the root
root.output.answer                       deeper, by JSONPath: keys, [0], [*], ['a key'], ..anything
root.metadata.contexts                   one key of its metadata
retriever.documents                      every retriever's documents, also of steps that only their names call so
root.documents                           evidence under telling keys in the root's output, input and metadata
span[name=search-*].output.hits[*].text  observations of a type whose name fits a pattern
answer.input                             the model call whose output is the answer
prompt                                   evidence inside the prompt of that call
text(root.output)                        a value whole, as it stands or as JSON: for answers that are JSON
"""

from __future__ import annotations

import re
from functools import lru_cache

from assay.judges.schema import Record

_FORM = re.compile(
    r"(?P<head>[A-Za-z_][A-Za-z0-9_-]*)(?:\[name=(?P<name>[^\]]+)\])?"
    r"\.(?P<field>input|output|metadata|documents)(?P<rest>(?:[.\[].*)?)",
    re.DOTALL,
)
"""A selector with a field: `span[name=search-*].output.hits[*].text`."""

_WHOLE = re.compile(r"text\((?P<inside>[^()]+)\)")
"""A selector whose value is taken whole: `text(root.output)`."""
_KEYS_ONLY = re.compile(r"(?:\.[^.\[\]*'\"?@$]+)+")
"""The rest of a path that is plain keys: `.answer.text`."""


class Selector(Record):
    """A parsed selector.

    Attributes:
        head: `root`, `answer`, `prompt` or a type of observation.
        name: a pattern for its name.
        field: `input`, `output`, `metadata` or `documents`.
        keys: the plain keys of a path that has nothing else.
        path: JSONPath otherwise.
        is_whole: nothing is taken out of the value: `text(...)`.
    """

    head: str
    name: str | None = None
    field: str = ""
    keys: tuple[str, ...] = ()
    path: str = ""
    is_whole: bool = False

    @property
    def json_path(self) -> str:
        """The JSONPath into the field: "$" is the field itself."""
        if self.path:
            return self.path
        return "$" + "".join("['" + key.replace("\\", "\\\\").replace("'", "\\'") + "']" for key in self.keys)


@lru_cache(maxsize=1024)
def parse_selector(text: str) -> Selector:
    """Parse a selector.

    Raises:
        ValueError: says what is wrong and what would be right.
    """
    if text == "prompt":
        return Selector(head="prompt")
    whole = _WHOLE.fullmatch(text)
    if whole is not None:
        return parse_selector(whole["inside"]).model_copy(update={"is_whole": True})
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is no selector; write root.input, root.metadata.KEY, TYPE.output, TYPE[name=GLOB].output.KEY, "
            "retriever.documents, answer.input or prompt"
        )
    head, name, field, rest = match["head"].lower(), match["name"], match["field"], match["rest"]
    if name is not None and head in {"root", "answer"}:
        raise ValueError(f"{text!r}: {head} is one step already; [name=...] belongs to a type of observation")
    if _KEYS_ONLY.fullmatch(rest):
        return Selector(head=head, name=name, field=field, keys=tuple(rest[1:].split(".")))
    if rest:
        from jsonpath import JSONPathError  # it takes long to import, and few selectors need it
        from jsonpath import compile as compile_path

        try:
            compile_path(f"${rest}")
        except JSONPathError as exc:
            raise ValueError(f"{text!r}: {rest!r} is no JSONPath ({str(exc).splitlines()[0]})") from exc
    return Selector(head=head, name=name, field=field, path=f"${rest}" if rest else "")
