"""Tests of sip."""
