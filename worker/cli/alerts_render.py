"""`assay alerts render`: the rules as files of Prometheus and Alertmanager."""

from __future__ import annotations

from collections.abc import Iterable
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
        bool,
        typer.Option("--check", help="Write nothing; exit 2 where rules, tests or routes are not as they would be."),
    ] = False,
    without_tests: Annotated[bool, typer.Option("--without-tests", help="No file of tests for promtool.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over files that somebody else wrote.")] = False,
    config: ConfigOption = None,
) -> None:
    """Write Prometheus' rules with their tests, and Alertmanager's routes, from slos: and alerts: of assay.yaml.

    A prometheus.yml is written where there is none. It is a beginning, and yours from then on.
    """
    from assay.worker.alerts.rendering import files as rendered

    _, root = settings_and_root(config)
    deployment = root.deployment()
    beside = alertmanager or out.parent / "alertmanager"
    rules = rendered.rule_files(deployment)
    files = {
        **{out / name: text for name, text in rules.items() if not (without_tests and name == rendered.TESTS)},
        **{beside / name: text for name, text in rendered.alertmanager_files(deployment).items()},
    }
    if check:
        hold_equal(files, command="assay alerts render")
        return
    if not force:
        _refuse_others(files, rendered.OURS)
    for name, text in rendered.beginning_files().items():
        if force or not (out / name).exists():
            files[out / name] = text
        else:
            console.print(f"left {out / name} as it is", highlight=False, soft_wrap=True)
    for path, text in files.items():
        write_file(path, text)
        console.print(f"wrote {path}", highlight=False, soft_wrap=True)


def _refuse_others(paths: Iterable[Path], ours: str) -> None:
    """Refuse to write over what somebody else wrote.

    Raises:
        ConfigurationError: names the first such file.
    """
    for path in paths:
        try:
            with path.open("rb") as file:
                is_ours = file.read(len(ours)) == ours.encode()
        except (FileNotFoundError, NotADirectoryError):
            continue  # or writing says why it cannot be
        except OSError as exc:
            raise ConfigurationError(f"{path}: cannot be read ({exc.strerror or exc}); name another folder") from exc
        if not is_ours:
            raise ConfigurationError(
                f"{path}: was not written by assay alerts render; name another folder, or --force to write over it"
            )


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
