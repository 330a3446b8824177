"""Tests of cpmgw.isf.xdms."""
