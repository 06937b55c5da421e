"""Chat models: the port, and one file for each protocol or provider behind it."""
