"""An SM-SC that only takes short messages and reports them delivered.

It frames by hand and knows the one form of PDU that the gateway sends here; the lab's
SM-SC, which is a real one, would need as much CPU as the gateway.
"""

from __future__ import annotations

from collections import deque
from struct import Struct
from typing import Any, Final

from twisted.internet.interfaces import IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol, ServerFactory

from cpmgw.lab.bench.ledger import Ledger
from cpmgw.lab.bench.messages import number_after
from txsmpp.codec import encode
from txsmpp.constants import EsmClass, MessageState
from txsmpp.pdu import DeliverSm
from txsmpp.tlv import Tag, of_integer, of_text

_HEADER: Final = Struct(">IIII")
_SUBMIT_SM: Final = 0x00000004
_DELIVER_SM_RESP: Final = 0x80000005
_BIND_TRANSCEIVER: Final = 0x00000009
_RESPONSE: Final = 0x80000000
_FLUSH: Final = 0.002


class BenchCentre(ServerFactory):
    """Answers submit_sm at once and sends its receipt `delay` seconds later.

    At most `window` receipts wait for their answer.
    """

    noisy = False

    def __init__(
        self, clock: IReactorTime, ledger: Ledger, delay: float, window: int
    ) -> None:
        self.ledger = ledger
        self.bound = False
        self._clock = clock
        self._delay = delay
        self._window = window
        self._due: deque[tuple[float, int, str, str]] = deque()
        self._unanswered = 0
        self._sequence_number = 0
        self._connection: _Connection | None = None

    def buildProtocol(self, addr: Any) -> Protocol:
        """A session; only the last one is used."""
        self._connection = _Connection(self)
        self._flush()
        return self._connection

    def submitted(self, pdu: bytes) -> str:
        """Take a submit_sm; its message_id."""
        number = number_after(pdu, b"")
        if number is None:
            self.ledger.faults["submit_sm that is none of ours"] += 1
            return "unknown"
        now = self._clock.seconds()
        self.ledger.submit(number, now)
        source, target = _addresses(pdu)
        self._due.append((now + self._delay, number, source, target))
        return f"{number:08x}"

    def reported(self, status: int) -> None:
        """A receipt was answered."""
        self._unanswered -= 1
        if status:
            self.ledger.faults[f"receipt answered {status:#x}"] += 1

    def _flush(self) -> None:
        """Send the receipts that are due."""
        now = self._clock.seconds()
        octets = []
        while self._due and self._due[0][0] <= now:
            if self._unanswered >= self._window:
                break
            _, number, source, target = self._due.popleft()
            self._unanswered += 1
            self._sequence_number += 1
            octets.append(receipt(number, source, target, self._sequence_number))
            self.ledger.receipt(number, now)
        if octets and self._connection is not None:
            self._connection.write(b"".join(octets))
        self._clock.callLater(_FLUSH, self._flush)


class _Connection(Protocol):
    """One session of the gateway's."""

    def __init__(self, centre: BenchCentre) -> None:
        self._centre = centre
        self._buffer = b""

    def write(self, octets: bytes) -> None:
        """Send PDUs."""
        assert self.transport is not None
        self.transport.write(octets)

    def connectionMade(self) -> None:
        """Small PDUs shall not wait for each other."""
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:
        """Answer what is complete."""
        buffer = self._buffer + data
        position, size = 0, len(buffer)
        answers = []
        while size - position >= 16:
            length, command, status, number = _HEADER.unpack_from(buffer, position)
            if size - position < length:
                break
            if command == _DELIVER_SM_RESP:
                self._centre.reported(status)
            elif not command & _RESPONSE:
                pdu = buffer[position : position + length]
                answers.append(self._answer(command, number, pdu))
            position += length
        self._buffer = buffer[position:]
        if answers:
            self.write(b"".join(answers))

    def _answer(self, command: int, number: int, pdu: bytes) -> bytes:
        body = b""
        if command == _SUBMIT_SM:
            body = self._centre.submitted(pdu).encode() + b"\0"
        elif command == _BIND_TRANSCEIVER:
            body = b"bench\0"
            self._centre.bound = True
        return _HEADER.pack(16 + len(body), command | _RESPONSE, 0, number) + body


def _addresses(pdu: bytes) -> tuple[str, str]:
    """Source and destination address of a submit_sm without a service_type."""
    end = pdu.index(0, 19)
    source = pdu[19:end]
    target = pdu[end + 3 : pdu.index(0, end + 3)]
    return source.decode(), target.decode()


def receipt(number: int, source: str, target: str, sequence_number: int) -> bytes:
    """The receipt for a message from `source` to `target`, in TLVs (SMPP 5.2.28)."""
    return encode(
        DeliverSm(
            sequence_number=sequence_number,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr=target,
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=source,
            esm_class=EsmClass.DELIVERY_RECEIPT,
            tlvs=(
                of_text(Tag.RECEIPTED_MESSAGE_ID, f"{number:08x}"),
                of_integer(Tag.MESSAGE_STATE, MessageState.DELIVERED),
            ),
        )
    )
