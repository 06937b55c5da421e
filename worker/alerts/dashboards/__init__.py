"""Dashboards of Grafana, made from the table of metrics and from what a deployment aims at."""
