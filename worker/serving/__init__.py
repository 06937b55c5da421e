"""The page of the fleet: what reports say, in a browser. It reads and never writes."""
