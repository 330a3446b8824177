"""Tests of cpm."""
