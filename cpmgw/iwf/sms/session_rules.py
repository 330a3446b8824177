"""The rules of the tables of sessions: one function a parameter.

TS 6.2.2.1.3 to 6.2.2.1.6 (Tables 4 and 6 to 8) and 6.2.2.2.3 (Table 11). What all
short messages have in common stands in `rules`, what Table 11 shares with Table 9 in
`pager_rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate

from cpmgw.cpm.features import Feature, accept_contact, tag
from cpmgw.iwf.sms import pager_rules, rules
from cpmgw.iwf.sms.sessionmessage import (
    LargeInvitation,
    SessionSegment,
    SessionText,
)
from cpmgw.iwf.sms.times import relative_time
from cpmgw.policy import Policy
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.uri import SipUri, TelUri
from txsmpp.constants import RegisteredDelivery

# -- Tables 4, 6, 7 and 8 --------------------------------------------------------------


def lifetime(source: SessionSegment) -> int | None:
    """Seconds that a message is worth delivering; None where the TS leaves it open."""
    policy = source.policy.sms
    if source.what is SessionText.INVITATION:
        return policy.invitation_validity
    if source.what is SessionText.PARTICIPANTS:
        return policy.participants_validity
    return None


def validity_period(source: SessionSegment) -> str:
    """validity_period: as policy says, or NULL."""
    seconds = lifetime(source)
    return "" if seconds is None else relative_time(seconds)


def priority_flag(source: SessionSegment) -> int:
    """priority_flag: the level that policy gives to what the message is."""
    levels: Mapping[str, int] = source.policy.sms.levels  # type: ignore[assignment]
    return levels[source.what.value]


def requested_receipts(source: SessionSegment) -> int:
    """registered_delivery of Table 7: as in Table 1."""
    return rules.receipts_for(source.requested, source.policy)


def user_acknowledgement(source: SessionSegment) -> int:
    """registered_delivery of Table 4: the user's own answer, where it is no text."""
    if source.asks and source.policy.sms.user_answer == "response_code":
        return RegisteredDelivery.SME_MANUAL_ACKNOWLEDGEMENT.value
    return RegisteredDelivery.NONE.value


def held_text(
    what: SessionText, policy: Policy, *, asks: bool = False, is_group: bool = False
) -> int:
    """sm_default_msg_id: the text that the SM-SC holds, 0 where ours is sent.

    What it holds for an invitation prompts for an answer (Table 4): one that asks for
    none is told by us. It names nobody either, so that a group's is ours too (6.2.2.1.3
    step 2). data_sm cannot name a text (SMPP 3.4 4.7.1).
    """
    if policy.submit_with == "data_sm":
        return 0
    if what is SessionText.INVITATION and asks and not is_group:
        return policy.sms.invitation_text
    if what is SessionText.CLOSING:
        return policy.sms.closing_text
    return 0


def sm_default_msg_id(source: SessionSegment) -> int:
    """sm_default_msg_id: by policy, or NULL (Tables 4 and 6)."""
    return held_text(
        source.what, source.policy, asks=source.asks, is_group=source.is_group
    )


def short_message(source: SessionSegment) -> bytes:
    """short_message: none where the SM-SC holds the text (Tables 4 and 6)."""
    return b"" if sm_default_msg_id(source) else rules.short_message(source)


def message_payload(source: SessionSegment) -> bytes | None:
    """message_payload: likewise."""
    return None if sm_default_msg_id(source) else rules.message_payload(source)


# -- Table 11 --------------------------------------------------------------------------


def large_target(source: LargeInvitation) -> tuple[NameAddr, SipUri | TelUri]:
    """To and Request-URI: as in Table 9."""
    return pager_rules.target_address(source.message)


def large_sender(source: LargeInvitation) -> tuple[tuple[NameAddr, ...], NameAddr]:
    """P-Asserted-Identity and From: as in Table 9, with nccsid (Appendix D)."""
    return pager_rules.sender_identities(source.message)


def call_id(source: LargeInvitation) -> str:
    """Call-ID: a new one (RFC 3261 8.1.1.4)."""
    return source.call_id


def contact(source: LargeInvitation) -> str:
    """Contact: this gateway, with the feature's tag (conversation TS App. H)."""
    return f"<{source.contact}>;{tag(Feature.LARGE)}"


def large_accept_contact(_source: LargeInvitation) -> str:
    """Accept-Contact: large message mode (conversation TS App. H, RFC 3841)."""
    return accept_contact(Feature.LARGE)


def message_expires(source: LargeInvitation) -> str | None:
    """Message-Expires: seconds, by policy; 0 is none."""
    seconds = source.message.policy.large.message_expires
    return str(seconds) if seconds else None


def date(source: LargeInvitation) -> str:
    """Date: now (RFC 3261 20.17)."""
    return formatdate(source.now, usegmt=True)


def user_agent(source: LargeInvitation) -> str:
    """User-Agent: as in Table 9."""
    return pager_rules.user_agent(source.message)
