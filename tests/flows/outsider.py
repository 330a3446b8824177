"""A SIP peer that sends whatever octets it is given, from an address of its own."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import DatagramProtocol

from cpmgw.lab.pager import PagerMessage, pager_request
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.message import Request, Response
from cpmgw.sip.parser import Limits, parse_datagram
from tests.support.network import MemoryNetwork

GATEWAY = ("127.0.0.1", 5060)
SENDER = "tel:+15145550001"
RECIPIENT = "tel:+15145550002"


class Outsider(DatagramProtocol):
    """Keeps every message that comes; `host` is where it sends from.

    `statuses` are those of all responses, readable or not.
    """

    def __init__(
        self, network: MemoryNetwork, host: str = "127.0.0.1", port: int = 5999
    ) -> None:
        self.network = network
        self.host, self.port = host, port
        self.received: list[Request | Response] = []
        self.statuses: list[int] = []
        self._count = 0
        network.listenUDP(port, self, interface=host)

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """Keep it."""
        if datagram.startswith(b"SIP/2.0 "):
            self.statuses.append(int(datagram[8:11]))
        try:
            self.received.append(parse_datagram(datagram, Limits()))
        except SipSyntaxError:
            return  # an answer to a request that lacked what it needs

    def request(self, **details: Any) -> Request:
        """A pager mode message from Alice to Bob, in a transaction of its own."""
        self._count += 1
        details.setdefault("sender", SENDER)
        details.setdefault("recipient", RECIPIENT)
        details.setdefault("message_id", f"m{self._count}")
        message = PagerMessage(**details)
        name = f"{self.host}-{self.port}-{self._count}"
        request = pager_request(message, call_id=name, now=self.network.seconds())
        return self._sent_by(request)

    def octets(self, octets: bytes) -> None:
        """Send these octets."""
        assert self.transport is not None
        self.transport.write(octets, GATEWAY)

    def send(self, **details: Any) -> None:
        """Send a pager mode message."""
        self.octets(self.request(**details).encode())

    def ask(self, request: Request) -> None:
        """Send a request in a transaction of its own; nothing follows by itself."""
        self._count += 1
        self.octets(self._sent_by(request).encode())

    def _sent_by(self, request: Request) -> Request:
        branch = f"z9hG4bK{self.host}-{self.port}-{self._count}"
        via = f"SIP/2.0/UDP {self.host}:{self.port};branch={branch}"
        return request.replace(headers=request.headers.with_first("Via", via))

    @property
    def answers(self) -> list[Response]:
        """The final responses that came."""
        return [
            each
            for each in self.received
            if isinstance(each, Response) and each.status >= 200
        ]
