"""Columns that Evidently and Assay are both asked about. Drawn with numpy's seeded generator: the same everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np


def cases() -> dict[str, dict[str, Any]]:
    """By name: `kind`, `number` or `name`, and both sides."""
    rng = np.random.default_rng(20261130)
    lengths = np.round(np.exp(rng.normal(5, 0.6, 8000)), 3)
    names = np.array(["en", "de", "fr", "es"])

    def drawn(shares: tuple[float, ...], n: int) -> list[str]:
        return [str(name) for name in rng.choice(names, size=n, p=shares)]

    return {
        "lengths-400-300": _numbers(lengths[:400], lengths[400:700]),
        "lengths-700-700-longer": _numbers(lengths[:700], np.round(lengths[700:1400] * 1.15, 3)),
        "lengths-2000-1500-longer": _numbers(lengths[:2000], np.round(lengths[2000:3500] * 1.2, 3)),
        "passages-300-200": _numbers(rng.poisson(1.0, 300).clip(0, 4), rng.poisson(1.4, 200).clip(0, 4)),
        "passages-900-600": _numbers(rng.poisson(6, 900), rng.poisson(6.4, 600)),
        "languages-500-400": _names(drawn((0.7, 0.2, 0.05, 0.05), 500), drawn((0.6, 0.25, 0.1, 0.05), 400)),
        "languages-3000-2000": _names(drawn((0.7, 0.2, 0.1, 0.0), 3000), drawn((0.5, 0.2, 0.1, 0.2), 2000)),
        "language-vanishes-200-100": _names(
            ["en"] * 100 + ["de"] * 60 + ["fr"] * 30 + ["es"] * 10, ["en"] * 55 + ["de"] * 30 + ["fr"] * 15
        ),
        "refusals-600-500": _names(drawn((0.96, 0.04, 0.0, 0.0), 600), drawn((0.92, 0.08, 0.0, 0.0), 500)),
    }


def _numbers(reference: Any, current: Any) -> dict[str, Any]:
    return {"kind": "number", "reference": [float(x) for x in reference], "current": [float(x) for x in current]}


def _names(reference: list[str], current: list[str]) -> dict[str, Any]:
    return {"kind": "name", "reference": reference, "current": current}
