"""The port that mail comes in by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from OpenSSL import crypto
from twisted.application import service
from twisted.internet import ssl
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.internet.protocol import ServerFactory
from twisted.protocols.tls import TLSMemoryBIOFactory

from cpmgw.bodies.spool import Spool
from cpmgw.smtp import answers
from cpmgw.smtp.admission import Admission
from cpmgw.smtp.interfaces import IMailHandler
from cpmgw.smtp.listening import BadListen, Listen, parse_listen
from cpmgw.smtp.pem import certificates
from cpmgw.smtp.server import SmtpServer, Surroundings
from cpmgw.smtp.settings import ServerSettings
from cpmgw.smtp.turning_away import TurnedAway

_FIXED: Final = frozenset(("listen", "certificate", "key"))


class MailPort(service.Service):
    """Lets mail in (RFC 5321), and hands each to the handler.

    Time and the network come from `reactor` alone; `now` gives seconds since 1970. The
    content of a mail is kept by `spool`, which is its owner's to sweep and close.
    """

    def __init__(
        self,
        reactor: Any,
        settings: ServerSettings,
        handler: IMailHandler,
        spool: Spool,
        now: Callable[[], float],
    ) -> None:
        self._reactor = reactor
        self._listen = parse_listen(settings.listen)
        if settings.requires_tls and not (settings.certificate or self._listen.secure):
            raise BadListen("TLS is required, and there is no certificate for it")
        self._around = Surroundings(
            clock=reactor, settings=settings, handler=handler, spool=spool, now=now
        )
        self._admission = Admission(settings)
        self._port: IListeningPort | None = None
        self._inside: set[SmtpServer] = set()
        self._refused: set[TurnedAway] = set()
        self._empty: Deferred[None] | None = None

    @property
    def addresses(self) -> tuple[tuple[str, str, int], ...]:
        """What is bound: "TCP" or "TLS", host, port."""
        if self._port is None:
            return ()
        address: Any = self._port.getHost()
        transport = "TLS" if self._listen.secure else "TCP"
        return ((transport, address.host, address.port),)

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._inside)

    def update(self, settings: ServerSettings) -> None:
        """Go by these settings for connections that come from now on.

        ValueError where the port or its certificate differs, and nothing changes.
        """
        before = self._around.settings
        if any(getattr(before, name) != getattr(settings, name) for name in _FIXED):
            raise ValueError("the port and its certificate cannot be changed")
        self._admission.update(settings)
        self._around = msgspec.structs.replace(self._around, settings=settings)

    # -- service ------------------------------------------------------------------

    def startService(self) -> None:
        """Listen; fails if that cannot be, or a certificate cannot be read."""
        settings = self._around.settings
        if settings.certificate:
            key = settings.key or settings.certificate
            context = _context(settings.certificate, key)
            self._around = msgspec.structs.replace(self._around, tls=context)
        self._port = self._bind(self._listen)
        super().startService()

    def stopService(self) -> Deferred[None]:
        """Let nobody in, wait for mails in hand at most `drain`, then close all."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            stopped: Deferred[Any] = maybeDeferred(port.stopListening)
            await stopped
        for refused in list(self._refused):
            refused.close(answers.CLOSING)
        for each in list(self._inside):
            each.drain()
        if not self._inside and not self._refused:
            return
        empty = self._empty = Deferred()
        limit = self._reactor.callLater(self._around.settings.drain, self._give_up)
        await empty
        if limit.active():
            limit.cancel()

    def _give_up(self) -> None:
        for each in list(self._inside):
            each.close(answers.CLOSING)

    # -- within -------------------------------------------------------------------

    def _bind(self, listen: Listen) -> IListeningPort:
        factory: Any = _Factory(self._connection)
        if listen.secure:
            context = _context(listen.certificate, listen.key, listen.chain)
            factory = _TlsFactory(context, False, factory, clock=self._reactor)
        port: IListeningPort = self._reactor.listenTCP(
            listen.port, factory, backlog=listen.backlog, interface=listen.interface
        )
        return port

    def _connection(self, host: str) -> SmtpServer | TurnedAway | None:
        """What serves a new connection; None to close it without a word."""
        refusal = self._admission.refuses(host)
        if refusal is None:
            server = SmtpServer(self._around, self._joined, self._gone)
            server.is_secure = self._listen.secure
            return server
        if not self._admission.begin_refusing():
            return None
        away = TurnedAway(self._reactor, refusal, self._turned_away)
        self._refused.add(away)
        return away

    def _joined(self, server: SmtpServer) -> None:
        self._inside.add(server)
        self._admission.enter(server.host_of_peer)

    def _gone(self, server: SmtpServer) -> None:
        self._inside.discard(server)
        self._admission.leave(server.host_of_peer)
        self._look_if_empty()

    def _turned_away(self, away: TurnedAway) -> None:
        self._refused.discard(away)
        self._admission.end_refusing()
        self._look_if_empty()

    def _look_if_empty(self) -> None:
        if self._empty is not None and not self._inside and not self._refused:
            empty, self._empty = self._empty, None
            empty.callback(None)


class _Factory(ServerFactory):
    """Connections of one port."""

    noisy = False

    def __init__(self, connection: Callable[[str], Any]) -> None:
        self._connection = connection

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Serve a connection, refuse it, or leave it alone."""
        return self._connection(getattr(addr, "host", ""))


class _TlsFactory(TLSMemoryBIOFactory):
    """TLS around connections; Twisted's own fails over one that is left alone."""

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Wrap what serves a connection."""
        inner = self.wrappedFactory.buildProtocol(addr)
        return None if inner is None else self.protocol(self, inner)


def _context(certificate: str, key: str, chain: str = "") -> ssl.CertificateOptions:
    """The key and certificates of a server, out of PEM files.

    Further certificates beside the first, or in `chain`, are those above it.
    """
    shown = Path(certificate).read_bytes()
    above = certificates(shown)[1:]
    if chain:
        above += certificates(Path(chain).read_bytes())
    pair = ssl.PrivateCertificate.loadPEM(shown + b"\n" + Path(key).read_bytes())
    return ssl.CertificateOptions(
        privateKey=pair.privateKey.original,
        certificate=pair.original,
        extraCertChain=[
            crypto.load_certificate(crypto.FILETYPE_PEM, each) for each in above
        ],
    )
