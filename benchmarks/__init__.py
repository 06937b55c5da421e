"""Measurements and the scripts that make shipped data. Each prints what it measured and on what."""
