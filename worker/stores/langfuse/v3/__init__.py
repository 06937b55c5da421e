"""A server of the older generation, where a trace is an object of its own."""
