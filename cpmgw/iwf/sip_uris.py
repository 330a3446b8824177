"""The SIP URIs of numbers where they are known (TS Tables 9, 17, 20, 36 and 40)."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed

from cpmgw.addressing.dialplan import PhoneAddress
from cpmgw.interfaces import IDirectory
from cpmgw.iwf.parties import Ends
from cpmgw.sip.uri import SipUri


def sip_uri_of(
    address: PhoneAddress | None, directory: IDirectory
) -> Deferred[SipUri | None]:
    """The SIP URI of an address, None where none is known; never fails."""
    number = address.number if address is not None else None
    found: Deferred[SipUri | None] = (
        directory.sip_uri(number) if number else succeed(None)
    )
    return found


async def sip_uris_of(
    ends: Ends, directory: IDirectory
) -> tuple[SipUri | None, SipUri | None]:
    """Those of both where one is known; both are asked for at once."""
    sender = sip_uri_of(ends.originator, directory)
    target = sip_uri_of(ends.target, directory)
    return await sender, await target
