"""Dialogs, calls, session timers and subscriptions."""
