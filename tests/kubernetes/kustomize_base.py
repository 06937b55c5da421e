"""Writes deploy/kustomize/base/assay.yaml, which is what the chart renders with its defaults, but for its ConfigMap.

`ASSAY_TEST_KUBERNETES=.venv-kubernetes python -m tests.kubernetes.kustomize_base`
"""

from __future__ import annotations

import re

from tests.kubernetes.charts import CHART, KUSTOMIZE, run

FILE = KUSTOMIZE / "base" / "assay.yaml"
HEADER = "# Rendered from deploy/helm/assay by `python -m tests.kubernetes.kustomize_base`: change it there.\n"

_OF_HELM = re.compile(r"^( *(helm\.sh/chart|app\.kubernetes\.io/managed-by): .*|# Source: .*)\n", re.MULTILINE)
"""Labels that say that Helm has installed something, and comments of it: `    helm.sh/chart: assay-0.1.0`."""


def kustomize_base() -> str:
    """The text of the file."""
    values = ("--set", "config.existingConfigMap=assay-config")
    done = run("helm", "template", "assay", str(CHART), *values)
    assert done.returncode == 0, done.stderr
    return HEADER + _OF_HELM.sub("", done.stdout)


if __name__ == "__main__":
    FILE.write_text(kustomize_base())
