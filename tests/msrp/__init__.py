"""Tests of msrp."""
