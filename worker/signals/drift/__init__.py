"""Drift: the traffic of today held against a baseline, with tests whose false alarms are known."""
