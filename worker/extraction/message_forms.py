"""How a message is known, and whose it is, in the dialects of the frameworks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from assay.worker.extraction.fields import first, plainly
from assay.worker.extraction.literals import decoded
from assay.worker.extraction.names import (
    CALL_LISTS,
    CALL_PARTS,
    MESSAGE_CLASSES,
    MESSAGE_CONTENT,
    RESULT_PARTS,
    ROLES,
    SERVER_CALLS,
    TEXT_PARTS,
    THOUGHT_PARTS,
    Role,
    plain,
)
from assay.worker.extraction.python_repr import CLASS

Fields = Mapping[str, JsonValue]
"""An object with its keys in their plain form."""


def is_pair(value: JsonValue) -> bool:
    """Whether a value is a role and what it says, as LangGraph takes it: `["user", "text"]`."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and value[0].lower() in ROLES


def is_message(fields: Fields) -> bool:
    """Whether an object is a message, or an item that stands among messages: a call, a thought, a result."""
    role = role_name(fields)
    has_content = any(key in fields for key in (*MESSAGE_CONTENT, *CALL_LISTS))
    if role in ROLES and has_content:
        return True
    kind = plain(str(fields.get("type", fields.get("messagetype", ""))))
    if kind in ROLES and fields.keys() & {"content", "data", "contents", "toolexecutionrequests"}:
        return True
    if kind == "message" and "content" in fields:
        return True
    if kind in CALL_PARTS | RESULT_PARTS | SERVER_CALLS | THOUGHT_PARTS and (
        fields.keys() & {"content", "callid", "arguments", "output", "summary", "id", "results", "toolcallid"}
        | {"tools", "serverlabel", "encryptedcontent", "action", "reasoning", "toolreturn", "toolcall"}
    ):
        return True
    return class_role(fields) is not None or (isinstance(fields.get("parts"), list) and "text" not in fields)


def are_parts(values: Sequence[JsonValue]) -> bool:
    """Whether a list is the content of one message of the assistant, without the message: Anthropic's blocks.

    Text alone may be anybody's. A thought, a call or what a tool answered beside it makes it the assistant's.
    """
    kinds = [plain(str(value.get("type", ""))) for value in values if isinstance(value, dict)]
    telling = THOUGHT_PARTS | CALL_PARTS | RESULT_PARTS
    if not kinds or len(kinds) < len(values) or not any(kind == "text" for kind in kinds):
        return False
    return any(kind in telling for kind in kinds) and all(kind in telling | TEXT_PARTS for kind in kinds)


def wrapped(fields: Fields) -> Fields | None:
    """The message inside a choice, a candidate, a generation, an event: a message with things around it."""
    for key in ("message", "content", "rawitem"):
        inner = decoded(fields.get(key))
        if isinstance(inner, dict):
            inside = plainly(inner)
            if is_message(inside) or "parts" in inside:
                return inside if role_name(inside) in ROLES or key != "content" else {"role": "model", **inside}
    if fields.keys() & {"finishreason", "logprobs"} and isinstance(fields.get("text"), str):
        calls = fields.get("toolcalls")
        return {"role": "assistant", "content": fields["text"], "toolcalls": calls}  # completions, Vercel AI
    if "generationinfo" in fields and isinstance(fields.get("text"), str):
        return {"role": "assistant", "content": fields["text"]}  # LangChain's generation
    return None


def role_name(fields: Fields) -> str:
    """The role as the framework calls it, in lower case; empty where none is named."""
    role = fields.get("role", fields.get("source"))
    kind = fields.get("messagetype")
    if role is None and isinstance(kind, str):  # Spring AI: USER; Letta: assistant_message
        role = kind.removesuffix("_message")
    if isinstance(role, dict):  # Semantic Kernel: {"Label": "assistant"}
        role = first(plainly(role), ("label", "value"))
    return str(role).lower().removeprefix("messagerole.").removeprefix("chatrole.") if isinstance(role, str) else ""


def role_of(fields: Fields) -> Role:
    """Who speaks; the assistant where nothing says otherwise."""
    named, known = ROLES.get(role_name(fields)), class_role(fields)
    if known == "tool":
        return known  # AutoGen: its `source` is the agent that called the tool
    if named is not None:
        return named
    if known is not None:
        return known
    kind = plain(str(fields.get("type", fields.get("messagetype", ""))))
    return "tool" if kind in RESULT_PARTS else ROLES.get(kind, "assistant")


def class_role(fields: Fields) -> Role | None:
    """The role of a message that is written with its class: LangChain serialised, AutoGen, `repr`."""
    path = fields.get("id")
    names: list[JsonValue] = [fields.get(plain(CLASS))]
    if fields.get("lc") is not None and isinstance(path, list) and path:
        names.append(path[-1])
    if "content" in fields:
        names.append(fields.get("type"))
    return next(
        (MESSAGE_CLASSES[plain(name)] for name in names if isinstance(name, str) and plain(name) in MESSAGE_CLASSES),
        None,
    )
