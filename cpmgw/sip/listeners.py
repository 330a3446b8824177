"""The bound ports of an endpoint, and what they make of it in a Via (RFC 3261 18)."""

from __future__ import annotations

import ipaddress
from typing import Any, cast

from twisted.internet import ssl
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.protocols.tls import TLSMemoryBIOFactory

from cpmgw.sip.connections import Connections, SipServerFactory
from cpmgw.sip.listening import Listen, parse_listen
from cpmgw.sip.settings import EndpointSettings
from cpmgw.sip.transport import UdpFlow, UdpSocket, Wire

_LARGEST_DATAGRAM = 65_535
# What a UDP port takes before the reactor gets its turn; Twisted's own 256 KiB are
# the work of a third of a second.
_READ_AT_ONCE = 32 * 1024


class _TlsServerFactory(TLSMemoryBIOFactory):
    """TLS around the connections of one listener.

    Twisted's own wraps the None that refuses a connection, and then fails over it.
    """

    def buildProtocol(self, addr: IAddress | None) -> Any:
        inner = self.wrappedFactory.buildProtocol(addr)
        return None if inner is None else self.protocol(self, inner)


class Listeners:
    """UDP, TCP and TLS ports; they say where requests leave from."""

    def __init__(
        self,
        reactor: Any,
        wire: Wire,
        settings: EndpointSettings,
        connections: Connections,
    ) -> None:
        self._reactor = reactor
        self._wire = wire
        self._host = settings.host
        self._connections = connections
        self._listens = tuple(parse_listen(text) for text in settings.listen)
        self._ports: list[tuple[str, IListeningPort]] = []
        self._sockets: list[tuple[bool, UdpSocket]] = []
        self._sent_by: dict[str, str] = {}
        self._ours: set[tuple[str, int | None]] = set()
        self._flows: dict[tuple[str, int], UdpFlow] = {}

    @property
    def transports(self) -> tuple[str, ...]:
        """The transports that requests can leave by, in order of preference."""
        has_udp = any(one.transport == "UDP" for one in self._listens)
        return ("UDP", "TCP", "TLS") if has_udp else ("TCP", "TLS")

    @property
    def addresses(self) -> list[tuple[str, str, int]]:
        """What is bound: transport, host, port."""
        bound: list[tuple[str, str, int]] = []
        for transport, port in self._ports:
            address: Any = port.getHost()
            bound.append((transport, address.host, address.port))
        return bound

    def start(self) -> None:
        """Bind every port; if one fails, those already bound are closed again."""
        try:
            for listen in self._listens:
                self._ports.append((listen.transport, self._bind(listen)))
        except Exception:
            for _, port in self._ports:
                port.stopListening()
            self._ports.clear()
            self._sockets.clear()
            raise
        self._name()

    async def stop(self) -> None:
        """Close every port."""
        ports, self._ports = self._ports, []
        self._sockets.clear()
        self._flows.clear()
        for _, port in ports:
            stopped: Deferred[Any] = maybeDeferred(port.stopListening)
            await stopped

    def udp_flow(self, host: str, port: int) -> UdpFlow | None:
        """A flow from a bound UDP port of the same family, None if there is none."""
        flow = self._flows.get((host, port))
        if flow is not None:
            return flow
        is_v6 = ":" in host
        for socket_is_v6, socket in self._sockets:
            if socket_is_v6 == is_v6:
                flow = UdpFlow(socket, host, port)
                if len(self._flows) >= 1000:
                    self._flows.clear()
                self._flows[(host, port)] = flow
                return flow
        return None

    def sent_by(self, transport: str) -> str:
        """What a Via names for this transport."""
        known = self._sent_by.get(transport)
        return known if known is not None else self._host or "localhost"

    def is_sent_by(self, transport: str, host: str, port: int | None) -> bool:
        """Whether a response's topmost Via names us (RFC 3261 18.1.2)."""
        sent_by = host if port is None else f"{host}:{port}"
        return self.sent_by(transport).lower() == sent_by.lower()

    def _bind(self, listen: Listen) -> IListeningPort:
        port: Any
        if listen.transport == "UDP":
            socket = UdpSocket(self._wire)
            port = self._reactor.listenUDP(
                listen.port,
                socket,
                interface=listen.interface,
                maxPacketSize=_LARGEST_DATAGRAM,
            )
            port.maxThroughput = _READ_AT_ONCE
            self._sockets.append((":" in listen.interface, socket))
            return cast(IListeningPort, port)
        factory: Any = SipServerFactory(self._connections, listen.transport)
        if listen.transport == "TLS":
            factory = _TlsServerFactory(
                _certificate(listen), False, factory, clock=self._reactor
            )
        port = self._reactor.listenTCP(
            listen.port, factory, backlog=listen.backlog, interface=listen.interface
        )
        return cast(IListeningPort, port)

    def _name(self) -> None:
        """Settle what Via says: the first bound port of each transport."""
        self._sent_by.clear()
        for transport, host, port in self.addresses:
            if transport in self._sent_by:
                continue
            if _is_wildcard(host):
                host = self._host or "localhost"
            elif ":" in host:
                host = f"[{host}]"
            self._sent_by[transport] = f"{host}:{port}"


def _is_wildcard(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host


def _certificate(listen: Listen) -> ssl.CertificateOptions:
    """The key and certificate chain of a TLS listener, out of its PEM files."""
    with open(listen.key, "rb") as file:
        key = file.read()
    with open(listen.certificate, "rb") as file:
        certificate = file.read()
    pair = ssl.PrivateCertificate.loadPEM(certificate + b"\n" + key)
    chain = []
    if listen.chain:
        with open(listen.chain, "rb") as file:
            chain.append(ssl.Certificate.loadPEM(file.read()).original)
    return ssl.CertificateOptions(
        privateKey=pair.privateKey.original,
        certificate=pair.original,
        extraCertChain=chain,
    )
