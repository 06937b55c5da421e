"""What people read of objectives: the same words in a terminal and in a digest."""
