"""`assay alerts render`: the rules as files of Prometheus and Alertmanager."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, console, settings_and_root


def render(
    out: Annotated[Path, typer.Option("--out", help="Folder for the rules, their tests and a prometheus.yml.")] = Path(
        "deploy/prometheus"
    ),
    alertmanager: Annotated[
        Path | None, typer.Option("--alertmanager", help="Folder for alertmanager.yml \\[default: beside --out]")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 2 where a file is not as it would be written.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Write Prometheus' rules with their tests, and Alertmanager's routes, from slos: and alerts: of assay.yaml."""
    from assay.worker.alerts.rendering.files import alertmanager_files, prometheus_files

    _, root = settings_and_root(config)
    deployment = root.deployment()
    beside = alertmanager or out.parent / "alertmanager"
    files = {
        **{out / name: text for name, text in prometheus_files(deployment).items()},
        **{beside / name: text for name, text in alertmanager_files(deployment).items()},
    }
    if check:
        hold_equal(files, command="assay alerts render")
        return
    for path, text in files.items():
        write_file(path, text)
        console.print(f"wrote {path}", highlight=False, soft_wrap=True)


def hold_equal(files: dict[Path, str], *, command: str) -> None:
    """Refuse files that are not as the command would write them.

    Raises:
        ConfigurationError: names the first of them.
    """
    for path, text in files.items():
        try:
            is_equal = path.read_text(encoding="utf-8") == text
        except OSError as exc:
            raise ConfigurationError(f"{path}: cannot be read ({exc.strerror or exc}); render without --check") from exc
        if not is_equal:
            raise ConfigurationError(f"{path}: is not what assay.yaml makes; run {command}")


def write_file(path: Path, text: str) -> None:
    """Write a file that others may read: Prometheus runs as a user of its own."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as exc:
        raise ConfigurationError(f"{path}: cannot be written ({exc.strerror or exc}); name another --out") from exc
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
