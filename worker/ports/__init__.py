"""What the worker needs from the outside world, a small protocol each, and the errors those may raise."""
