"""SMPP over TLS, and the endpoint that clients use."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet import reactor, ssl
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.txsmpp.peers import BIND, Centre, Esme, message
from txsmpp import pdu
from txsmpp.client import ClientOptions, EsmeClient
from txsmpp.options import TlsOptions
from txsmpp.server import ServerOptions, SmscFactory
from txsmpp.tls import endpoint_for


def certificate(folder: Path, name: str) -> tuple[str, str]:
    """A certificate for this name and 127.0.0.1 that vouches for itself; its files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    shown, secret = folder / f"{name}.pem", folder / f"{name}.key"
    shown.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(shown), str(secret)


class TlsTests(TestCase):
    """Over loopback, on a port that is free."""

    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.shown, self.secret = certificate(folder, "smsc.test")
        self.other, self.other_secret = certificate(folder, "other.test")
        self.centre = Centre()
        self.esme = Esme()

    def listen(self, *trusted: ssl.Certificate) -> int:
        """An SM-SC that shows our certificate, and may ask for one; its port."""
        mine = ssl.PrivateCertificate.loadPEM(
            Path(self.shown).read_bytes() + Path(self.secret).read_bytes()
        )
        clock: Any = reactor
        factory = SmscFactory(clock, ServerOptions(), self.centre)
        port = clock.listenSSL(
            0, factory, mine.options(*trusted), interface="127.0.0.1"
        )
        self.addCleanup(port.stopListening)
        number: int = port.getHost().port
        return number

    def client(self, port: int, tls: TlsOptions) -> EsmeClient:
        """An ESME that uses TLS."""
        clock: Any = reactor
        endpoint = endpoint_for(clock, "127.0.0.1", port, tls)
        client = EsmeClient(clock, "tls", endpoint, [BIND], ClientOptions(), self.esme)
        self.addCleanup(client.stopService)
        client.startService()
        return client

    async def exchange(self, client: EsmeClient) -> pdu.Response:
        """Bind and send one message."""
        await client.when_bound().addTimeout(10, reactor)
        return await client.submit(message())

    def test_submit(self) -> Deferred[None]:
        """A client that trusts the SM-SC's certificate binds and sends over TLS."""

        async def run() -> None:
            tls = TlsOptions(authority=self.shown, hostname="smsc.test")
            response = await self.exchange(self.client(self.listen(), tls))
            self.assertEqual(response.command_status, 0)
            self.assertEqual(len(self.centre.requests), 1)

        return Deferred.fromCoroutine(run())

    def test_address_in_the_certificate(self) -> Deferred[None]:
        """Without a name the certificate has to be for the host connected to."""

        async def run() -> None:
            tls = TlsOptions(authority=self.shown)
            response = await self.exchange(self.client(self.listen(), tls))
            self.assertEqual(response.command_status, 0)

        return Deferred.fromCoroutine(run())

    def test_client_shows_itself(self) -> Deferred[None]:
        """A client's certificate is shown where the SM-SC asks for one."""

        async def run() -> None:
            trusted = ssl.Certificate.loadPEM(Path(self.other).read_bytes())
            tls = TlsOptions(
                authority=self.shown,
                hostname="smsc.test",
                certificate=self.other,
                key=self.other_secret,
            )
            client = self.client(self.listen(trusted), tls)
            response = await self.exchange(client)
            self.assertEqual(response.command_status, 0)

        return Deferred.fromCoroutine(run())

    def never_binds(self, tls: TlsOptions) -> Deferred[None]:
        """A client that must not bind: its first connection is lost unbound."""
        lost: Deferred[None] = Deferred()
        client = self.client(self.listen(), tls)
        tell = client.disconnected

        def disconnected(*gone: Any) -> None:
            tell(*gone)
            if not lost.called:
                lost.callback(None)

        client.disconnected = disconnected  # type: ignore[assignment]
        lost.addTimeout(10, reactor)
        return lost.addCallback(lambda _: self.assertEqual(self.esme.sessions, []))

    def test_other_authority(self) -> Deferred[None]:
        """A certificate that is not trusted is refused: nothing is sent."""
        return self.never_binds(TlsOptions(authority=self.other, hostname="smsc.test"))

    def test_other_name(self) -> Deferred[None]:
        """A certificate for another name is refused."""
        return self.never_binds(TlsOptions(authority=self.shown, hostname="other.test"))


class EndpointTests(SynchronousTestCase):
    def test_plain(self) -> None:
        """Without TLS it is a plain endpoint."""
        self.assertIsInstance(endpoint_for(Clock(), "h", 2775), HostnameEndpoint)

    def test_files_that_do_not_serve(self) -> None:
        """A missing or empty file is told at once."""
        empty = self.mktemp()
        Path(empty).write_text("nothing")
        missing = TlsOptions(authority=self.mktemp())
        self.assertRaises(OSError, endpoint_for, Clock(), "h", 1, missing)
        for bad in (TlsOptions(authority=empty), TlsOptions(certificate=empty)):
            self.assertRaises(ValueError, endpoint_for, Clock(), "h", 1, bad)
