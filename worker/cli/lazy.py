"""A command group that lists its commands without importing them, so that `assay --help` starts fast."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True)
class LazyCommand:
    """A command that is imported when it is run.

    Attributes:
        home: module and attribute below `assay.worker.cli`, for example `status:status`: a function or a Typer app.
        help: the first paragraph of its help, as a list of commands shows it.
    """

    home: str
    help: str

    def load(self) -> Any:
        """Import it: the function, or the Typer app of a group."""
        module, attribute = self.home.split(":")
        was_enabled = gc.isenabled()
        gc.disable()  # hundreds of modules make no garbage, and looking for it takes a tenth of the time
        try:
            return getattr(import_module(f"assay.worker.cli.{module}"), attribute)
        finally:
            if was_enabled:
                gc.enable()


class LazyGroup(TyperGroup):
    """A group whose commands are placeholders with a name and a help, until one of them is run."""

    lazy_commands: Mapping[str, LazyCommand] = {}

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, command in self.lazy_commands.items():
            self.add_command(TyperCommand(name, help=command.help))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # typer's classes for both are not public
        """Find the command that is asked for, here and for the shell's completion."""
        name, _, rest = super().resolve_command(ctx, args)
        if name is not None and name in self.lazy_commands:
            self.add_command(_click_command(name, self.lazy_commands[name]))
        return name, self.commands.get(name or ""), rest


def _click_command(name: str, command: LazyCommand) -> Any:
    loaded = command.load()
    parent = typer.Typer(add_completion=False)
    if isinstance(loaded, typer.Typer):
        parent.add_typer(loaded, name=name)
        return typer.main.get_group(parent).commands[name]
    parent.command(name)(loaded)
    return typer.main.get_command(parent)
