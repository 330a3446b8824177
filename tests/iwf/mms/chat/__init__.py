"""Tests of sessions with MMS users."""
