"""The statistics behind every number shown: intervals, weighted shares, paired tests, agreement with people."""
