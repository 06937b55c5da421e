"""`assay alerts ls`: every rule, when it fires, and what tells that it could not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root

if TYPE_CHECKING:
    from assay.worker.alerts.rendering.rule_file import WrittenRule


def list_alerts(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List all rules that hold for this assay.yaml: severity, conditions with their least n, partner, runbook."""
    from assay.worker.alerts.rendering.rule_file import written_rules

    _, root = settings_and_root(config)
    rules = [_told(written) for written in written_rules(root.deployment())]
    if as_json:
        print_json({"rules": rules})
        return
    table = Table("severity", "rule", "owner", "fires where", "for", "told when blind", "runbook")
    for rule in rules:
        table.add_row(
            rule["severity"],
            rule["name"],
            rule["owner"] or "",
            rule["expression"],
            f"{rule['for_s'] / 60:g} min" if rule["for_s"] else "",
            rule["partner"] or "a watchdog outside",
            f"#{rule['runbook']}",
        )
    console.print(table)


def _told(written: WrittenRule) -> dict[str, Any]:
    from assay.worker.alerts.rules.partners import partner_of

    rule = written.rule
    return {
        "name": rule.name,
        "severity": rule.severity,
        "owner": written.owner,
        "by": list(rule.by),
        "expression": written.expression,
        "for_s": rule.for_s,
        "keep_firing_s": rule.keep_firing_s,
        "partner": partner_of(rule) or None,
        "inhibited_by": list(rule.inhibited_by),
        "runbook": rule.runbook,
        "dashboard": rule.dashboard,
        "summary": rule.summary,
    }
