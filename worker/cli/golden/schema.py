"""`assay golden schema`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from assay.worker.cli.context import print_data
from assay.worker.setup.golden_set.writing import schema_text


class SetFile(StrEnum):
    """What a line or file of a golden set is."""

    MANIFEST = "manifest"
    ITEM = "item"
    ANCHOR = "anchor"
    RELEASE = "release"


def schema(
    file: Annotated[SetFile, typer.Argument(help="Whose schema.")] = SetFile.MANIFEST,
) -> None:
    """Print the JSON schema of a golden set's manifest, items, anchors or releases."""
    print_data(schema_text(file.value))
