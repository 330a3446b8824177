"""The values that the mapping tables of TS 6.2.2 read from."""

from __future__ import annotations

import msgspec

from cpmgw.config import SmscConfig
from cpmgw.interfaces import Collected, ImdnContext
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.policy import Policy
from txsmpp.pdu import DataSm, DeliverSm
from txsmpp.text.segment import Segment


class OutboundSegment(msgspec.Struct, frozen=True):
    """One short message about to be submitted: the source of Table 1.

    `originator` is the E.164 number to show, which is not the message's own where the
    sender is anonymous.
    """

    message: StandaloneMessage
    segment: Segment
    originator: str
    centre: SmscConfig
    policy: Policy


class AcceptedMessage(msgspec.Struct, frozen=True):
    """A standalone message that the SM-SC has taken: the source of Table 2."""

    message: StandaloneMessage
    text: str
    policy: Policy


class StatusReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the reports of all segments came to: the source of Table 3.

    `delivery` and `interworking` are the <status> children to write, or empty where
    that notification is not to be sent.
    """

    context: ImdnContext
    delivery: str
    interworking: str
    new_message_id: str
    now: float


class InboundMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A whole message from an SM-SC: the source of Table 9.

    `pdu` is its first segment, `text` all of it.
    """

    pdu: DeliverSm | DataSm
    text: str
    collected: Collected
    sender: str
    target: str
    domain: str
    policy: Policy
