"""The shared state of a fleet. Redis for many processes, memory for one."""
