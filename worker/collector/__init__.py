"""Takes spans by OTLP over HTTP into the embedded store."""
