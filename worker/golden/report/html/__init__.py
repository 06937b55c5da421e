"""One self-contained HTML page of a gate or a run: opens anywhere, loads nothing, runs nothing but its own script."""
