"""`assay settings`: what is set, and what it means."""

from __future__ import annotations

from pydantic import SecretStr
from rich.table import Table

from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root
from assay.worker.config.settings import read_variables
from assay.worker.stores.registry import factories


def settings(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the settings in force; secrets are starred out."""
    in_force, root = settings_and_root(config)
    models = [in_force, *(read_variables(factory.variables) for factory in factories().values())]
    values = {
        name: "**********" if isinstance(value, SecretStr) else value if value is None else str(value)
        for model in models
        for name, value in model
    }
    meanings = {name: field.description for model in models for name, field in type(model).model_fields.items()}
    if as_json:
        print_json({"config_root": str(root.path), "data_dir": str(root.data_dir(in_force)), "settings": values})
        return
    table = Table("setting", "value", "meaning")
    for name, value in values.items():
        table.add_row(name, value or "–", meanings[name] or "")
    console.print(f"config root {root.path}\ndata        {root.data_dir(in_force)}")
    console.print(table)
