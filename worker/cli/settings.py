"""`assay settings`: what is set, by which variable, and what it means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
import yaml
from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root
from assay.worker.config.deployment import CONFIG_FILE
from assay.worker.config.endpoints import ENDPOINTS_FILE
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings, read_variables
from assay.worker.config.shown_settings import SettingValue, shown_own_variables, shown_settings
from assay.worker.config.shown_use_cases import never_reached, shown_use_case
from assay.worker.stores.registry import factories
from assay.worker.wiring.judges import check_deployment
from assay.worker.wiring.shown_endpoints import shown_endpoints


def settings(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    use_case: Annotated[
        str | None, typer.Option("--use-case", help="Only the keys in force of this use case of assay.yaml.")
    ] = None,
) -> None:
    """Show every setting by its environment variable, with its source and meaning, and whether assay.yaml is valid.

    Secrets are starred out. Exit 2 if assay.yaml is not valid.
    """
    in_force, root = settings_and_root(config)
    if use_case is not None:
        _print_use_case(shown_use_case(root.deployment(), use_case), as_json=as_json)
        return
    models = [in_force, *(read_variables(factory.variables) for factory in factories().values())]
    shown = [setting for model in models for setting in shown_settings(model)] + shown_own_variables()
    is_right, about_file = _config_file(root, in_force)
    endpoints = shown_endpoints(root, in_force)
    is_valid = is_right and all(endpoint.problem is None for endpoint in endpoints)
    if as_json:
        print_json(
            {
                "config_root": str(root.path),
                "config_root_source": _root_source(config, in_force, root),
                "data_dir": str(root.data_dir(in_force)),
                CONFIG_FILE: {"valid": is_valid, "message": about_file},
                "endpoints": {endpoint.name: endpoint._asdict() for endpoint in endpoints},
                "settings": {setting.variable: _as_data(setting) for setting in shown},
            }
        )
    else:
        source = _root_source(config, in_force, root)
        console.print(f"config root {root.path} ({source})", highlight=False, soft_wrap=True)
        console.print(f"data        {root.data_dir(in_force)}", highlight=False, soft_wrap=True)
        console.print(_about_file(about_file, is_right=is_right), soft_wrap=True)
        for endpoint in endpoints:
            if endpoint.problem == about_file:
                continue
            console.print(Text(f"endpoint    {endpoint.in_words()}", "red" if endpoint.problem else ""), soft_wrap=True)
        _print_table(shown)
    raise typer.Exit(0 if is_valid else 2)


def _print_use_case(keys: dict[str, JsonValue], *, as_json: bool) -> None:
    if as_json:
        print_json(keys)
    else:
        console.print(Text(yaml.safe_dump(keys, sort_keys=False, allow_unicode=True).rstrip()), soft_wrap=True)


def _config_file(root: ConfigRoot, in_force: Settings) -> tuple[bool, str]:
    """Whether a fleet would start with assay.yaml, and a line about it."""
    try:
        deployment = root.deployment()
        check_deployment(root, in_force)
    except ConfigurationError as exc:
        return False, str(exc)
    n = len(deployment.use_cases)
    hidden = never_reached(deployment)
    about = f"; {hidden}" if hidden else ""
    return True, f"{n} use case{'' if n == 1 else 's'}, store {deployment.store.kind}, valid{about}"


def _about_file(words: str, *, is_right: bool) -> Text:
    """A mistake in endpoints.yaml is not told as one of assay.yaml."""
    is_beside = not is_right and words.partition(": ")[0].endswith(ENDPOINTS_FILE)
    return Text(f"{ENDPOINTS_FILE if is_beside else CONFIG_FILE}  {words}", "" if is_right else "red")


def _root_source(config: Path | None, in_force: Settings, root: ConfigRoot) -> str:
    if config is not None:
        return "--config"
    if in_force.config_dir is not None:
        return "ASSAY_CONFIG_DIR"
    return "current directory" if root.path == Path.cwd() else "packaged defaults"


def _as_data(setting: SettingValue) -> dict[str, str | None]:
    return {"value": setting.value, "source": setting.source, "meaning": setting.meaning}


def _print_table(shown: Sequence[SettingValue]) -> None:
    table = Table("variable", "value", "source", "meaning")
    table.columns[0].no_wrap = True
    for setting in shown:
        style = "" if setting.source == "default" else "bold"
        cells = (setting.variable, setting.value or "–", setting.source, setting.meaning)
        table.add_row(*(Text(cell, style) for cell in cells))
    console.print(table)
