"""How runs and gates are shown: terminal, Markdown, JUnit, JSON, one HTML page."""
