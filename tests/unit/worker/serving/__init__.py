"""Tests of the page of the fleet."""
