"""What a golden set is: its files, its lock, its baseline, its schedule, and whether they are as frozen."""
