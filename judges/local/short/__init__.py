"""Short answers read with their question: `9`, `Yes`, `B`, `Paris`."""
