"""Reason values of BYE, as CPM writes them (RFC 3326; conversation TS 7.2.1.2)."""

from __future__ import annotations

from typing import Final


def reason(cause: int, text: str = "") -> str:
    """A Reason value; `text` has no quotes in it, and is left out where it is empty."""
    return f'SIP;cause={cause};text="{text}"' if text else f"SIP;cause={cause}"


COMPLETED: Final = reason(200, "Call completed")
TRANSMISSION_FAILED: Final = reason(480, "Transmission Failed")
