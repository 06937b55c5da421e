"""Results to any backend that takes OpenTelemetry's protocol."""
