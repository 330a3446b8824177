"""The bound ports of an endpoint, and what they make of it in a Via (RFC 3261 18)."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Any, Final, cast

from OpenSSL import crypto
from twisted.internet import ssl
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.protocols.tls import TLSMemoryBIOFactory

from cpmgw.sip.connections import Connections, SipServerFactory
from cpmgw.sip.forwarding import Side
from cpmgw.sip.listening import Listen, parse_alias, parse_listen
from cpmgw.sip.resolver import DEFAULT_PORTS, explicit_transport, is_numeric
from cpmgw.sip.settings import EndpointSettings
from cpmgw.sip.transport import UdpFlow, UdpSocket, Wire
from cpmgw.sip.uri import SipUri, Uri

_CERTIFICATE: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL
)

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
        names = [parse_alias(text) for text in settings.aliases]
        if settings.host:
            names.append((settings.host, None))
        self._names = [(_normal(host), port) for host, port in names]
        any_port = [host for host, port in self._names if port is None]
        self._any_port = {host for host in any_port if not is_numeric(host)}
        self._connections = connections
        self._listens = tuple(parse_listen(text) for text in settings.listen)
        self._ports: list[tuple[str, IListeningPort]] = []
        self._sockets: list[tuple[bool, UdpSocket]] = []
        self._sent_by: dict[str, str] = {}
        self._mine: set[tuple[str, str, int]] = set()
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

    def side(self, transport: str) -> Side:
        """Where we are reached by this transport, or else by the first that is bound.

        Before anything is bound, or after, there is only the host of the settings.
        """
        if transport not in self._sent_by:
            transport = next(iter(self._sent_by), transport)
        return Side(transport, self.sent_by(transport))

    def is_mine(self, uri: Uri) -> bool:
        """Whether a URI names one of the bound addresses, the host of the settings, or
        one of its aliases.

        A port that is not named is the transport's own; with a host name it is any, as
        the DNS may have chosen it (RFC 3263 4.2). `maddr` counts as the host does: who
        named either has found us.
        """
        if not isinstance(uri, SipUri):
            return False
        address = uri.parameter("maddr")
        return self._is_name(uri, uri.host) or (
            address is not None and self._is_name(uri, address)
        )

    def _is_name(self, uri: SipUri, name: str) -> bool:
        """Whether a host, with the port and transport of a URI, is ours."""
        host = _normal(name)
        if uri.port is None and host in self._any_port:
            return True
        transport = explicit_transport(uri)
        port = uri.port or DEFAULT_PORTS.get(transport or "UDP", 0)
        wanted = DEFAULT_PORTS if transport is None else (transport,)
        return any((one, host, port) in self._mine for one in wanted)

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
        self._mine = {
            (transport, _normal(bound), port)
            for transport, bound, port in self.addresses
            if not _is_wildcard(bound)
        }
        for name, own_port in self._names:
            for transport, _, port in self.addresses:
                self._mine.add((transport, name, own_port or port))
        for transport, sent_by in self._sent_by.items():
            host, _, digits = sent_by.rpartition(":")
            self._mine.add((transport, _normal(host), int(digits)))


@lru_cache(maxsize=256)
def _normal(host: str) -> str:
    """A host name or address in the one form that is compared, without a last dot."""
    bare = host.strip("[]").lower().removesuffix(".")
    return str(ipaddress.ip_address(bare)) if is_numeric(bare) else bare


def _is_wildcard(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host


def _certificates(pem: bytes) -> list[crypto.X509]:
    """All certificates of a PEM file; crypto.Error where there is none."""
    found = _CERTIFICATE.findall(pem) or [pem]
    return [crypto.load_certificate(crypto.FILETYPE_PEM, each) for each in found]


def _certificate(listen: Listen) -> ssl.CertificateOptions:
    """The key and certificate chain of a TLS listener, out of its PEM files."""
    with open(listen.key, "rb") as file:
        key = file.read()
    with open(listen.certificate, "rb") as file:
        certificate = file.read()
    pair = ssl.PrivateCertificate.loadPEM(certificate + b"\n" + key)
    chain: list[crypto.X509] = []
    if listen.chain:
        with open(listen.chain, "rb") as file:
            chain = _certificates(file.read())
    return ssl.CertificateOptions(
        privateKey=pair.privateKey.original,
        certificate=pair.original,
        extraCertChain=chain,
    )
