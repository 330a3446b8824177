"""Tests of cpmgw.mm4."""
