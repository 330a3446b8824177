"""Tests of isf."""
