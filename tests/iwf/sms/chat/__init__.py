"""Tests of sessions with SMS users."""
