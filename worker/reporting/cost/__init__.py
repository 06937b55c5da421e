"""What `assay cost` tells: money of a period by use case and fact, the month's budget and where it is going."""
