"""Receipts as a test wants them, beside those that the lab's SM-SC sends itself."""

from __future__ import annotations

from cpmgw.lab.sms_centre import SmsCentre
from txsmpp.address import Npi, Ton
from txsmpp.constants import EsmClass
from txsmpp.pdu import DeliverSm


def receipt_of(message_id: str, stat: str = "DELIVRD") -> DeliverSm:
    """What says that a message from Alice to Bob has come to this (appendix B)."""
    return DeliverSm(
        source_addr_ton=Ton.INTERNATIONAL,
        source_addr_npi=Npi.ISDN,
        source_addr="15145550002",
        dest_addr_ton=Ton.INTERNATIONAL,
        dest_addr_npi=Npi.ISDN,
        destination_addr="15145550001",
        esm_class=EsmClass.DELIVERY_RECEIPT,
        short_message=f"id:{message_id} stat:{stat} err:000 text:".encode(),
    )


def send_receipt(
    centre: SmsCentre, message_id: str, stat: str = "DELIVRD"
) -> list[int]:
    """Send a receipt; the command_status of its answer will be in the list."""
    statuses: list[int] = []
    centre.sessions[-1].deliver(receipt_of(message_id, stat)).addCallback(
        lambda response: statuses.append(response.command_status)
    )
    return statuses
