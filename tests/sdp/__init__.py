"""Tests of cpmgw.sdp."""
