"""Results to Honeycomb by OTLP."""
