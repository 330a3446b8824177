"""The IWF towards MMS, an MMS relay/server of MM4 (TS 6.3)."""
