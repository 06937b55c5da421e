"""OpenTelemetry's protocol: its messages to spans, spans to traces, and results to spans and events."""
