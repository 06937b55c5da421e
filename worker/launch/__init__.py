"""A fleet on one machine: the broker that comes along, supervised processes, and the order they start and stop in."""
