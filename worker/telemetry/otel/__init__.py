"""What the fleet sends by OTLP, where an endpoint is set: spans of its own work, evaluation results, metrics."""
