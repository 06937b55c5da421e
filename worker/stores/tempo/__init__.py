"""Grafana Tempo: traces by its query API, results by OTLP."""
