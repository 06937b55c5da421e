"""Measurements and the scripts that make shipped data; each prints what it measured and on what."""
