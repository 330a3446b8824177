"""What lasts longer than a transaction: dialogs, calls, subscriptions (RFC 3261 12)."""
