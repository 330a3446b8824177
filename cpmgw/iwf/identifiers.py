"""The identifiers of what comes from another service (conversation TS 5.3, App. C)."""

from __future__ import annotations

from uuid import NAMESPACE_OID, UUID, uuid5

from cpmgw.iwf.parties import Ends


def conversation_of(domain: str, ends: Ends) -> str:
    """Conversation-ID: one for these two people, whatever they write by.

    Made of their addresses, so that it is the same whichever URI is known of them.
    """
    pair = f"{domain}|{ends.originator.text}|{ends.target.text}"
    return str(uuid5(NAMESPACE_OID, pair))


def contribution_of(identity: str) -> str:
    """Contribution-ID of 32 hex digits that stay with a message at each try."""
    return str(UUID(identity))
