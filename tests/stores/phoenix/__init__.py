"""Phoenix itself."""
