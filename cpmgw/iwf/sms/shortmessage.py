"""The values that the mapping tables of TS 6.2.2 read from."""

from __future__ import annotations

from typing import Protocol

import msgspec

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.addressing.originator import Identity
from cpmgw.config import SmscConfig
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.policy import Policy
from cpmgw.records import Collected, ImdnContext
from cpmgw.sip.uri import SipUri, TelUri
from txsmpp.pdu import DataSm, DeliverSm
from txsmpp.text.segment import Segment


class Submitted(Protocol):
    """What the sources of all tables that make a submit_sm have in common."""

    @property
    def segment(self) -> Segment:
        """The octets, and their place among others."""

    @property
    def ends(self) -> Ends:
        """The originator to show, and the target."""

    @property
    def plan(self) -> DialPlan:
        """How addresses are written."""

    @property
    def centre(self) -> SmscConfig:
        """The SM-SC that it goes to."""


class OutboundSegment(msgspec.Struct, frozen=True):
    """One short message about to be submitted: the source of Table 1.

    The originator of the `ends` is the one to show, which is not the message's own
    where the sender is anonymous. `plan` says how addresses are written.
    """

    message: StandaloneMessage
    segment: Segment
    ends: Ends
    plan: DialPlan
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

    `pdu` is its first segment, `text` all of it. `sender` is whom it is from, with the
    SIP URI where one is known; `recipient` is the URI of the target.
    """

    pdu: DeliverSm | DataSm
    text: str
    collected: Collected
    ends: Ends
    sender: Identity
    recipient: SipUri | TelUri
    plan: DialPlan
    domain: str
    policy: Policy
