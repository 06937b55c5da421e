"""Real helm, kubectl and schemas: `make test-kubernetes` installs them and says where."""

from __future__ import annotations

from tests.kubernetes.charts import has_tools

collect_ignore_glob = [] if has_tools() else ["test_*.py"]
