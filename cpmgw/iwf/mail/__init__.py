"""What interworking with MMS and with e-mail have in common: mail in, and mail out."""
