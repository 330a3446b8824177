"""Tests of iwf."""
