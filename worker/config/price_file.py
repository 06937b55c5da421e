"""Prices in force: the packaged ones, and over them those of the team's own file. The one place that reads them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from assay.judges.errors import ConfigurationError
from assay.judges.prices import PriceTable


def price_file(folder: Path, named: str | None, variable: Path | None) -> Path | None:
    """The team's own file.

    Args:
        folder: of assay.yaml, which a relative path begins at.
        named: `prices` of assay.yaml.
        variable: ASSAY_PRICES_FILE, which a relative path of begins at the current directory.

    Raises:
        ConfigurationError: both name one, and not the same.
    """
    in_file = None if named is None else (folder / named).absolute()
    in_environment = None if variable is None else variable.absolute()
    if in_file and in_environment and in_file != in_environment:
        raise ConfigurationError(
            f"prices: assay.yaml names {in_file} and ASSAY_PRICES_FILE {in_environment}; leave one out"
        )
    return in_file or in_environment


def read_prices(path: Path | None) -> PriceTable:
    """The packaged prices with those of a file over them.

    The merged table is as old as the older of the two says: a cost names the prices it was computed with.

    Raises:
        ConfigurationError: the file cannot be read or is no price table.
    """
    packaged = packaged_prices()
    if path is None:
        return packaged
    return PriceTable.load(path).over(packaged)


@lru_cache(maxsize=1)
def packaged_prices() -> PriceTable:
    """The prices that come with the package, read once."""
    return PriceTable.load()
