"""CPM interworking events to the Participating Function (TS 6.2.3.2)."""

from __future__ import annotations

import msgspec

from cpmgw.cpm import product
from cpmgw.cpm.events import IW_EVENT_TYPE, failed_iw, ready_for_sms
from cpmgw.cpm.features import Feature, accept_contact, icsi
from cpmgw.records import ImdnContext
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.message import Request, originate
from cpmgw.sip.uri import parse_uri


class EventAddresses(msgspec.Struct, frozen=True):
    """Between whom events go (steps 2 and 3): URIs, and the service of the IWF."""

    iwf: str
    participating_function: str
    service: str = "SMS"


def failed_interworking_request(
    context: ImdnContext, addresses: EventAddresses, *, call_id: str, tag: str
) -> Request:
    """The MESSAGE with <failed-iw>: a message has not been delivered."""
    body = failed_iw(context.recipient, context.message_id)
    return _event_request(body, addresses, call_id, tag)


def ready_for_sms_request(
    user: str, addresses: EventAddresses, *, call_id: str, tag: str
) -> Request:
    """The MESSAGE with <ready-for-sms>: a user, by URI, can be reached (6.2.3.1)."""
    return _event_request(ready_for_sms(user), addresses, call_id, tag)


def _event_request(
    body: bytes, addresses: EventAddresses, call_id: str, tag: str
) -> Request:
    target = parse_uri(addresses.participating_function)
    return originate(
        "MESSAGE",
        target,
        from_=NameAddr(parse_uri(addresses.iwf)).with_parameter("tag", tag),
        to=NameAddr(target),
        call_id=call_id,
        headers=(
            ("Accept-Contact", accept_contact(Feature.SYSTEM)),  # step 1
            ("P-Asserted-Service", icsi(Feature.SYSTEM)),
            ("P-Asserted-Identity", f"<{addresses.iwf}>"),  # step 2
            ("User-Agent", product.user_agent(addresses.service)),  # step 4
            ("Content-Type", IW_EVENT_TYPE),  # step 5
        ),
        body=body,
    )
