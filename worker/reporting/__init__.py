"""What the fleet did and found: the funnel, weighted rates, the story of one trace, and how they look in a terminal."""
