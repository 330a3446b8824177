"""Tests of cpmgw.iwf.mms.adaptation."""
