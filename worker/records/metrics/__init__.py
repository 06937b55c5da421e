"""The metrics of the fleet, a file each for what computes them. Names are for all: scrapes, rules and dashboards."""
