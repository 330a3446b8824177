"""Tests of cpmgw.addressing."""
