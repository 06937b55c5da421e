"""What no linter of ours can say: names, sizes, and what may know what."""
