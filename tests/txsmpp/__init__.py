"""Tests of txsmpp."""
