"""Between whom an MMS goes, and who else has it (TS Tables 35, 36, 39 and 40)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from twisted.internet.defer import gatherResults

from cpmgw.addressing.dialplan import DialPlan, PhoneAddress
from cpmgw.addressing.originator import ANONYMOUS
from cpmgw.cpm.identity import NPI_UNKNOWN, TON_UNKNOWN
from cpmgw.cpm.resource_lists import CopyControl, Entry
from cpmgw.interfaces import IDirectory
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.sip_uris import sip_uri_of
from cpmgw.mm4.addresses import AddressKind, number_of, read_address
from cpmgw.mm4.errors import Mm4Error
from cpmgw.mm4.pdu import Forward
from cpmgw.policy import Policy
from cpmgw.sip.uri import AbsoluteUri, Uri, escape_user

# Recipients of one message that are told, and of which a SIP URI is looked for.
MOST_TOLD: Final = 200
MOST_LOOKED_UP: Final = 50


class _Named(NamedTuple):
    """A recipient that is told: its URI, how it was addressed, its number."""

    uri: Uri
    control: CopyControl
    address: PhoneAddress | None = None


def originator_of(text: str, plan: DialPlan) -> PhoneAddress | None:
    """Whom an address of MM4 is of, who sends; None where CPM has no form for it."""
    return plan.smpp_originator(TON_UNKNOWN, NPI_UNKNOWN, number_of(text))


def target_of(text: str, plan: DialPlan) -> PhoneAddress | None:
    """Whom an address of MM4 is of, who receives."""
    return plan.smpp_target(TON_UNKNOWN, NPI_UNKNOWN, number_of(text))


def ends_of(sender: str, recipient: str, plan: DialPlan) -> Ends | None:
    """Both of them; None where either is nobody."""
    originator, target = originator_of(sender, plan), target_of(recipient, plan)
    if originator is None or target is None:
        return None
    return Ends(originator, target)


async def history_of(
    forward: Forward,
    target: PhoneAddress,
    plan: DialPlan,
    directory: IDirectory,
    policy: Policy,
) -> tuple[Entry, ...]:
    """All recipients of an MMS, as one of them is told; () where it is the only one.

    By policy without e-mail addresses. Of those in Bcc only the one that is told is
    named, the others are counted (RFC 5364 4, RFC 5365 7.3).
    """
    told = list(_told(forward))
    if len(told) < 2:
        return ()
    named: list[_Named] = []
    hidden = 0
    for text, control in told[:MOST_TOLD]:
        address = target_of(text, plan)
        if control is CopyControl.BCC and address != target:
            hidden += 1
        elif address is not None:
            named.append(_Named(plan.uri_of(address), control, address))
        elif policy.mms.history_addresses == "all" and (uri := _mail_uri(text)):
            named.append(_Named(uri, control))
    found = await gatherResults(
        [sip_uri_of(each.address, directory) for each in named[:MOST_LOOKED_UP]]
    )
    known = {place: uri for place, uri in enumerate(found) if uri is not None}
    entries = [
        Entry(str(known.get(place, each.uri)), each.control)
        for place, each in enumerate(named)
    ]
    if hidden:
        entries.append(Entry(str(ANONYMOUS), CopyControl.BCC, count=hidden))
    return tuple(entries)


def _told(forward: Forward) -> Iterator[tuple[str, CopyControl]]:
    for texts, control in (
        (forward.to, CopyControl.TO),
        (forward.cc, CopyControl.CC),
        (forward.bcc, CopyControl.BCC),
    ):
        for text in texts:
            yield text, control


def _mail_uri(text: str) -> AbsoluteUri | None:
    """The mailto URI of an e-mail address (RFC 6068), None for what is none."""
    try:
        address = read_address(text)
    except Mm4Error:
        return None
    if address.kind is not AddressKind.EMAIL:
        return None
    return AbsoluteUri("mailto", f"{escape_user(address.value)}@{address.domain}")
