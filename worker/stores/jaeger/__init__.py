"""Jaeger: traces by its query API, results by OTLP."""
