"""Tests of iwf.sms."""
