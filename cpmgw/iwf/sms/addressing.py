"""Between whom a short message goes (TS 6.2.2.2.1 step 1, Table 9)."""

from __future__ import annotations

from cpmgw.addressing.dialplan import DialPlan, PhoneAddress
from cpmgw.errors import CpmgwError
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.sms.centres import Centre
from txsmpp.address import Ton
from txsmpp.pdu import AlertNotification, DataSm, DeliverSm
from txsmpp.status import CommandStatus


class NotAddressed(CpmgwError):
    """A short message whose sender or target has no form in CPM.

    `command_status` is what answers it.
    """

    def __init__(self, command_status: int, why: str) -> None:
        super().__init__(why)
        self.command_status = command_status


def ends_of(centre: Centre, pdu: DeliverSm | DataSm, plan: DialPlan) -> Ends:
    """Who a short message is from and for; NotAddressed where either is nobody."""
    sender = plan.smpp_originator(
        _ton(centre, pdu.source_addr_ton), pdu.source_addr_npi, pdu.source_addr
    )
    if sender is None:  # step 1
        raise NotAddressed(CommandStatus.ESME_RX_P_APPN, "its sender has no address")
    target = plan.smpp_target(
        _ton(centre, pdu.dest_addr_ton), pdu.dest_addr_npi, pdu.destination_addr
    )
    if target is None:
        raise NotAddressed(CommandStatus.ESME_RINVDSTADR, "its target has no address")
    return Ends(sender, target)


def mobile_of(
    centre: Centre, pdu: AlertNotification, plan: DialPlan
) -> PhoneAddress | None:
    """Whom an alert is of, None where nothing is ever sent to such an address."""
    ton = _ton(centre, pdu.source_addr_ton)
    return plan.smpp_target(ton, pdu.source_addr_npi, pdu.source_addr)


def _ton(centre: Centre, ton: int) -> int:
    """The type of a number, where the SM-SC gives international ones without any."""
    if ton == Ton.UNKNOWN and centre.config.unknown_ton == "international":
        return Ton.INTERNATIONAL
    return ton
