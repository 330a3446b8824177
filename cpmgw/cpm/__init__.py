"""What CPM puts in SIP: CPIM, IMDN, feature tags, headers, identities, events."""
