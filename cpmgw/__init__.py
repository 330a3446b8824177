"""cpmgw: a CPM (RCS) interworking gateway for SMS, MMS and e-mail."""
