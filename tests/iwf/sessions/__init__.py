"""Tests of the sessions that an IWF takes part in."""
