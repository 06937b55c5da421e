"""The shared state in Redis or Valkey."""
