"""The command line reference, `docs/reference/cli.md`, written from the commands themselves.

    python -m docs.cli_reference

A test compares the file with what this module writes, so a changed option without a renewed page fails.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from assay.worker.cli.commands import app

PAGE = Path(__file__).parent / "reference" / "cli.md"
COLUMNS = 110

_HEAD = """# The command line

This page is generated: run `make docs` after you change a command.

Exit codes are the same for every command: 0 ok, 1 the gate says regressed, 2 configuration or input error,
3 inconclusive or a backend failed. `assay COMMAND --help` shows the same text in the terminal.
"""


class Command:
    """One command with its full name, for example `golden run`."""

    def __init__(self, name: str, command: Any) -> None:
        """Keep the words a user types and the object that Typer made of the function."""
        self.name = name
        self.command = command

    @property
    def options(self) -> list[Any]:
        """Its options, help aside; each has `opts` and `secondary_opts`, the spellings."""
        return [parameter for parameter in self.command.params if parameter.param_type_name == "option"]

    @property
    def arguments(self) -> list[Any]:
        """Its positional arguments, in order."""
        return [parameter for parameter in self.command.params if parameter.param_type_name == "argument"]


def commands() -> list[Command]:
    """The command itself, and each of its commands, groups resolved: `demo`, `golden run` and so on."""
    return list(_walk("", typer.main.get_command(app)))


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([_HEAD, *(_section(command) for command in commands())])


def _walk(name: str, command: Any) -> Iterator[Command]:
    if not hasattr(command, "list_commands"):
        yield Command(name, command)
        return
    if not name:
        yield Command(name, command)
    context = command.make_context(name or "assay", [], resilient_parsing=True)
    for word in command.list_commands(context):
        # `resolve_command` and not `get_command`: the former loads a command that is imported only when it is run.
        yield from _walk(f"{name} {word}".strip(), command.resolve_command(context, [word])[1])


def _section(command: Command) -> str:
    usage = " ".join(["assay", *command.name.split(), *(_usage(argument) for argument in command.arguments)])
    lines = [f"## `{usage}`", "", _prose(command.command.help or ""), ""]
    rows = [(_usage(argument), argument) for argument in command.arguments if getattr(argument, "help", None)]
    rows += [(_spelling(option), option) for option in command.options]
    if rows:
        lines += ["| option or argument | meaning |", "| --- | --- |"]
        lines += [f"| `{spelling}` | {_meaning(parameter)} |" for spelling, parameter in rows]
        lines.append("")
    return "\n".join(lines)


def _prose(text: str) -> str:
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(textwrap.fill(paragraph, COLUMNS, break_on_hyphens=False) for paragraph in paragraphs)


def _usage(argument: Any) -> str:
    name = (argument.metavar or argument.name).strip("[]{}").upper()
    name += "…" if argument.nargs == -1 else ""
    return name if argument.required else f"[{name}]"


def _spelling(option: Any) -> str:
    words = [*sorted(option.opts, key=len, reverse=True), *option.secondary_opts]
    value = "" if option.is_flag else f" {option.metavar or option.name.upper()}"
    return ", ".join(words) + value


def _meaning(parameter: Any) -> str:
    text = (getattr(parameter, "help", None) or "").replace("|", "\\|").replace("\\[", "[")
    if parameter.required:
        return f"{text} Required."
    default = getattr(parameter, "show_default", None)
    if isinstance(default, str):
        return f"{text} Default: {default}."
    shown = parameter.default
    if shown is None or isinstance(shown, bool) or callable(shown) or shown in ((), []):
        return text
    return f"{text} Default: `{getattr(shown, 'value', shown)}`."


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: {len(commands())} commands")  # noqa: T201
