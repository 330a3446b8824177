"""A handset: what the owner of a number sees, and what she writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from cpmgw.lab.receipt import Address
from txsmpp.address import Npi, Ton
from txsmpp.constants import EsmClass
from txsmpp.pdu import DataSm, DeliverSm, Pdu
from txsmpp.text.encoding import TextPolicy, prepare
from txsmpp.text.errors import TextError
from txsmpp.text.reassembly import assemble, missing
from txsmpp.text.received import Received, read
from txsmpp.text.segment import Segment
from txsmpp.tlv import Tlv

MAX_PARTIAL: Final = 100
"""Half-received messages that a handset keeps."""


class ShortMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message on a handset's screen; `text` is None when it is no text.

    `ton` is how its `sender` is to be understood (SMPP 3.4 5.2.5).
    """

    sender: str
    text: str | None
    at: float
    segments: int = 1
    data_coding: int = 0
    octets: bytes = b""
    ton: int = Ton.UNKNOWN

    @property
    def dialled(self) -> str:
        """Its sender, as the handset dials it to answer."""
        return f"+{self.sender}" if self.ton == Ton.INTERNATIONAL else self.sender


class SmsOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a handset's message is written to the ESME.

    `order` is the order in which the segments leave, by number, so that some can be
    late, missing or repeated; empty sends each once. `source` and `target` replace the
    addresses that the numbers would have.
    """

    policy: TextPolicy = TextPolicy()
    order: tuple[int, ...] = ()
    data_sm: bool = False
    source: Address | None = None
    target: Address | None = None
    service_type: str = ""
    priority_flag: int = 0
    registered_delivery: int = 0
    tlvs: tuple[Tlv, ...] = ()


class Handset:
    """One subscriber: an inbox, and whether the phone is switched on."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.on = True
        self.inbox: list[ShortMessage] = []
        self._partial: dict[tuple[str, int, int], list[Received]] = {}

    def receive(self, pdu: Any, now: float) -> ShortMessage | None:
        """Take a short message; gives what the screen shows once it is whole."""
        source = pdu.source_addr
        try:
            received = read(pdu)
        except TextError:
            message = ShortMessage(
                sender=source, text=None, at=now, ton=pdu.source_addr_ton
            )
            self.inbox.append(message)
            return message
        parts = self._parts(source, received)
        if received.concatenation is not None and missing(parts):
            return None
        message = ShortMessage(
            sender=source,
            text=_text(parts),
            at=now,
            segments=received.concatenation.total if received.concatenation else 1,
            data_coding=received.data_coding,
            octets=b"".join(part.octets for part in parts),
            ton=pdu.source_addr_ton,
        )
        self.inbox.append(message)
        return message

    @property
    def texts(self) -> list[str | None]:
        """What the screen has shown so far."""
        return [message.text for message in self.inbox]

    def _parts(self, source: str, received: Received) -> list[Received]:
        """The segments that have come of this message; a whole one is forgotten."""
        numbers = received.concatenation
        if numbers is None:
            return [received]
        key = (source, numbers.reference, numbers.total)
        if key not in self._partial and len(self._partial) >= MAX_PARTIAL:
            self._partial.pop(next(iter(self._partial)))
        parts = self._partial.setdefault(key, [])
        parts.append(received)
        if not missing(parts):
            del self._partial[key]
        return parts


def _text(parts: Sequence[Received]) -> str | None:
    """The text of a whole message, None if it is none."""
    if len(parts) == 1:
        return parts[0].text
    try:
        return assemble(parts)
    except TextError:
        return None


def address_of(number: str) -> Address:
    """How a number is written in SMPP: + is international, letters are letters."""
    if number.startswith("+"):
        return Address(Ton.INTERNATIONAL, Npi.ISDN, number[1:])
    if number.isdigit():
        return Address(Ton.UNKNOWN, Npi.ISDN, number)
    return Address(Ton.ALPHANUMERIC, Npi.UNKNOWN, number)


def compose(
    source: str, target: str, text: str, reference: int, options: SmsOptions
) -> Sequence[Pdu]:
    """The deliver_sm (or data_sm) PDUs of a handset's message, as they are to leave."""
    segments = prepare(text, options.policy, reference)
    sender = options.source or address_of(source)
    receiver = options.target or address_of(target)
    made = {s.number: _pdu(s, sender, receiver, options) for s in segments}
    return [made[number] for number in options.order or sorted(made)]


def _pdu(
    segment: Segment, source: Address, target: Address, options: SmsOptions
) -> Pdu:
    common: dict[str, Any] = {
        "service_type": options.service_type,
        "source_addr_ton": source.ton,
        "source_addr_npi": source.npi,
        "source_addr": source.addr,
        "dest_addr_ton": target.ton,
        "dest_addr_npi": target.npi,
        "destination_addr": target.addr,
        "esm_class": EsmClass.UDHI if segment.udhi else EsmClass.DEFAULT_MODE,
        "registered_delivery": options.registered_delivery,
        "data_coding": segment.data_coding,
    }
    if options.data_sm:
        whole = msgspec.structs.replace(segment, in_tlv=True)
        return DataSm(**common, tlvs=(*whole.tlvs(), *options.tlvs))
    return DeliverSm(
        **common,
        priority_flag=options.priority_flag,
        short_message=segment.short_message(),
        tlvs=(*segment.tlvs(), *options.tlvs),
    )
