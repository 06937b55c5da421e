"""The fleet under fire: real processes, a real broker, a judge server of our own, and an audit from outside."""
