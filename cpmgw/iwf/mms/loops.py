"""MMS that have been here before (3GPP TS 23.140 8.4.4, Forward-Counter and -Route).

A message of ours that a relay brings back would be interworked by the CPM network once
more, for ever: each time it is a new one.
"""

from __future__ import annotations

from typing import Final

from cpmgw.iwf.mms.own import OwnRelay
from cpmgw.mm4.pdu import Forward

# Times that a message may have been forwarded.
MOST_FORWARDED: Final = 20


def goes_round(forward: Forward, own: OwnRelay) -> bool:
    """Whether a message was ours before, or was forwarded too often."""
    if forward.forward_counter > MOST_FORWARDED:
        return True
    domain = f"@{own.domain}".lower()
    if forward.transaction.message_id.lower().endswith(domain):
        return True
    passed = (
        forward.originator_system,
        *forward.forward_route,
        *forward.handled_by,
    )
    return own.address.lower() in (each.lower() for each in passed)
