"""Tests of txsmpp.text."""
