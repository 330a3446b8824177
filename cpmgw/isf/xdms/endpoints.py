"""Connections to an XDMS: TCP or TLS, each answer with a limit in octets."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from OpenSSL import SSL, crypto
from twisted.internet import ssl
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from cpmgw.config import XdmsConfig

# What a head may have, and how much larger than its content a chunked body may be.
MOST_HEAD: Final = 65_536
MOST_FRAMING: Final = 8


@implementer(IAgentEndpointFactory)
class XcapEndpoints:
    """Where an agent connects to: TCP, or TLS with the roots that are configured.

    Their files are read at once; OSError or ValueError tell what is wrong with one.
    """

    def __init__(self, reactor: Any, config: XdmsConfig) -> None:
        self._reactor = reactor
        self._timeout = config.timeout
        self._limit = MOST_HEAD + MOST_FRAMING * config.max_size
        self._trust = _trust(config.trust_roots)

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """The endpoint for a URL."""
        host = uri.host.decode("ascii").strip("[]")
        plain = HostnameEndpoint(self._reactor, host, uri.port, timeout=self._timeout)
        options = None
        if uri.scheme == b"https":
            options = ssl.optionsForClientTLS(host, trustRoot=self._trust)
        return _BoundedEndpoint(self._reactor, plain, options, self._limit)


def _trust(files: Iterable[str]) -> Any:
    """What is trusted: every certificate of the files, or the platform's roots."""
    found = [each for name in files for each in _certificates(name)]
    return ssl.trustRootFromCertificates(found) if found else ssl.platformTrust()


def _certificates(name: str) -> list[Any]:
    """The certificates of a PEM file; ValueError if there is none."""
    marker = b"-----BEGIN CERTIFICATE-----"
    parts = Path(name).read_bytes().split(marker)[1:]
    try:
        found = [ssl.Certificate.loadPEM(marker + part) for part in parts]
    except (SSL.Error, crypto.Error) as error:
        raise ValueError(f"{name}: {error}") from error
    if not found:
        raise ValueError(f"{name}: no certificate")
    return found


@implementer(IStreamClientEndpoint)
class _BoundedEndpoint:
    """An endpoint whose connections bear only so many octets an answer.

    With `tls` it speaks TLS, whose pauses then go by the reactor that was given.
    """

    def __init__(
        self, reactor: Any, endpoint: IStreamClientEndpoint, tls: Any, limit: int
    ) -> None:
        self._reactor = reactor
        self._endpoint = endpoint
        self._tls = tls
        self._limit = limit

    def connect(self, factory: IProtocolFactory) -> Deferred[Any]:
        """Connect; fires with the protocol of the factory."""
        bounded: Any = _BoundedFactory(factory, self._limit, self._reactor)
        if self._tls is None:
            connecting: Deferred[Any] = self._endpoint.connect(bounded)
            return connecting.addCallback(_unwrapped)
        secure = TLSMemoryBIOFactory(self._tls, True, bounded, clock=self._reactor)
        connecting = self._endpoint.connect(secure)
        return connecting.addCallback(_unwrapped).addCallback(_unwrapped)


def _unwrapped(protocol: Any) -> Any:
    return protocol.wrappedProtocol


class _BoundedConnection(ProtocolWrapper):
    """Ends at once, without a farewell that the other side could draw out."""

    _received = 0
    _is_lost = False

    def write(self, data: bytes) -> None:
        """A request begins a new count."""
        self._received = 0
        super().write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """A request begins a new count."""
        self._received = 0
        super().writeSequence(data)

    def dataReceived(self, data: bytes) -> None:
        """Count, and hand on."""
        factory: _BoundedFactory = self.factory
        self._received += len(data)
        if self._received > factory.limit:
            self.abortConnection()
        else:
            super().dataReceived(data)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """It has ended."""
        self._is_lost = True
        super().connectionLost(reason)

    def loseConnection(self) -> None:
        """Nothing is on its way that would have to be waited for."""
        factory: _BoundedFactory = self.factory
        factory.clock.callLater(0, self._abort)

    def _abort(self) -> None:
        if not self._is_lost:
            self.abortConnection()


class _BoundedFactory(WrappingFactory):
    """Makes the connections of one endpoint."""

    protocol = _BoundedConnection
    noisy = False

    def __init__(self, factory: IProtocolFactory, limit: int, clock: Any) -> None:
        super().__init__(factory)
        self.limit = limit
        self.clock = clock

    def doStart(self) -> None:
        """Say nothing: a connection is no operator's event."""

    def doStop(self) -> None:
        """Say nothing."""
