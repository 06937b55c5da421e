"""Scores on their way to further places: asked for once their own store shows them, and written beside all else."""
