"""Alerts: which there are, how they are written for Prometheus, how they are evaluated without it, who is told."""
