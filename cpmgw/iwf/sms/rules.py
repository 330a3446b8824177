"""The rules of the SMS tables: one function a parameter (TS 6.2.2, Tables 1 to 3).

Those that read a `Submitted` serve every short message that goes out.
"""

from __future__ import annotations

from collections.abc import Set

from cpmgw.cpm import correlator, product
from cpmgw.cpm.headers import language_indicator as language_code
from cpmgw.cpm.imdn import Disposition
from cpmgw.iwf.sms.shortmessage import AcceptedMessage, OutboundSegment, Submitted
from cpmgw.iwf.sms.times import relative_time
from cpmgw.policy import Policy
from cpmgw.sip.status import reason_for
from txsmpp.constants import EsmClass, RegisteredDelivery

PAGER_MESSAGE = "pager-message"  # RFC 3458: the message went by SMS (TS 6.2.4)

_UDHI = EsmClass.UDHI.value
_MODES = {
    "store_and_forward": EsmClass.STORE_AND_FORWARD_MODE.value,
    "default": EsmClass.DEFAULT_MODE.value,
}
_REPORTED = frozenset({Disposition.POSITIVE_DELIVERY, Disposition.INTERWORKING})
_FAILURE_ONLY = frozenset({Disposition.NEGATIVE_DELIVERY})

# -- Table 1 -------------------------------------------------------------------------


def originating_address(source: Submitted) -> tuple[int, int, str]:
    """source_addr_ton, source_addr_npi, source_addr: the originator's address."""
    return source.plan.to_smpp(source.ends.originator)


def target_address(source: Submitted) -> tuple[int, int, str]:
    """dest_addr_ton, dest_addr_npi, destination_addr: the target's address."""
    return source.plan.to_smpp(source.ends.target)


def store_and_forward(source: Submitted) -> int:
    """esm_class: store and forward, with the UDH indicator (SMPP 3.4 5.2.12)."""
    return _MODES[source.centre.messaging_mode] | (_UDHI if source.segment.udhi else 0)


def protocol_id(source: Submitted) -> int:
    """protocol_id: what the network type asks for (SMPP 3.4 5.2.13)."""
    return source.centre.protocol_id


def priority_flag(source: OutboundSegment) -> int:
    """priority_flag: the level that policy gives to the Priority header."""
    return source.policy.priority_flag(source.message.priority)


def validity_period(source: OutboundSegment) -> str:
    """validity_period: from Expires, otherwise as policy says."""
    return relative_time(source.message.lifetime(source.policy))


def registered_delivery(source: OutboundSegment) -> int:
    """registered_delivery: by what the message asks for."""
    return receipts_for(source.message.requested, source.policy)


def receipts_for(requested: Set[Disposition], policy: Policy) -> int:
    """registered_delivery: 01 for any success asked for, 10 for failure only, or 00.

    (Tables 1 and 7.) Where nothing was asked for, policy may still want a receipt.
    """
    if requested & _REPORTED:
        return RegisteredDelivery.RECEIPT.value
    if requested & _FAILURE_ONLY:
        return RegisteredDelivery.RECEIPT_ON_FAILURE.value
    return policy.registered_delivery_otherwise


def data_coding(source: Submitted) -> int:
    """data_coding: the alphabet the text was encoded in."""
    return source.segment.data_coding


def short_message(source: Submitted) -> bytes:
    """short_message: the octets of this segment, its UDH first if it has one."""
    return b"" if source.segment.in_tlv else source.segment.payload


def message_payload(source: Submitted) -> bytes | None:
    """message_payload: the octets, where policy sends long text whole."""
    return source.segment.payload if source.segment.in_tlv else None


def language_indicator(source: OutboundSegment) -> int | None:
    """language_indicator: from Content-Language, if SMPP has a number for it."""
    return language_code(source.message.request.headers)


def sar_msg_ref_num(source: Submitted) -> int | None:
    """sar_msg_ref_num: the reference that the segments share."""
    return source.segment.reference if source.segment.sar else None


def sar_segment_seqnum(source: Submitted) -> int | None:
    """sar_segment_seqnum: the place of this segment, from 1."""
    return source.segment.number if source.segment.sar else None


def sar_total_segments(source: Submitted) -> int | None:
    """sar_total_segments: how many there are."""
    return source.segment.total if source.segment.sar else None


# -- Table 2 -------------------------------------------------------------------------


def code_and_reason(source: AcceptedMessage) -> tuple[int, str]:
    """Response code and reason phrase of a success: 202, or 200 by policy."""
    status = source.policy.pager_success_status
    return status, reason_for(status)


def stored_conversation_id(source: AcceptedMessage) -> str | None:
    """Conversation-ID: the one received (TS 6.1.1)."""
    return source.message.identification.conversation_id or None


def stored_contribution_id(source: AcceptedMessage) -> str | None:
    """Contribution-ID: the one received (TS 6.1.1)."""
    return source.message.identification.contribution_id or None


def stored_in_reply_to(source: AcceptedMessage) -> str | None:
    """InReplyTo-Contribution-ID: the one received, if any (TS 6.1.1)."""
    return source.message.identification.in_reply_to or None


def server(_source: AcceptedMessage) -> str:
    """Server: the IWF's release (TS Appendix C)."""
    return product.server("SMS")


def message_context(source: AcceptedMessage) -> str | None:
    """Message-Context: SMS was used for the message (TS 6.2.4)."""
    return PAGER_MESSAGE if source.policy.correlation_headers else None


def message_correlator(source: AcceptedMessage) -> str | None:
    """Message-Correlator: the fingerprint of the text (TS 6.2.4, Appendix F)."""
    policy = source.policy
    if not policy.correlation_headers or policy.message_correlator == "none":
        return None
    return correlator.message_correlator(source.text)
