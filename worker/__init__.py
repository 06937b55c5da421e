"""I/O and policy around the judges: selection, the fleet, stores, golden runs, the gate, the command."""
