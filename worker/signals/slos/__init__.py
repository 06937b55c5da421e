"""Service level objectives: what is aimed at, what was attained, and the goodput of all of them together."""
