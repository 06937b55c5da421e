"""The receiver of `assay collector`: OTLP over HTTP in, spans into a store that takes them."""
