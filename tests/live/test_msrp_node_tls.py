"""The gateway's MSRP over TLS, and an endpoint written elsewhere (RFC 4975 14)."""

from __future__ import annotations

import ssl
from pathlib import Path

from cpmgw.msrp.interfaces import Remote
from cpmgw.msrp.settings import Listen, MsrpSettings
from tests.live.case import free_port
from tests.live.certificates import write_certificate
from tests.live.nodes import NodeTestCase, Recorder
from tests.live.raw_frames import Gone, Listener, Wire, fingerprint, token
from tests.live.raw_msrp import End, Message

LONG = bytes(range(256)) * 1_000
TIME_LIMIT = 3.0
OTHER = "sha-256 " + ":".join(["00"] * 32)


class OverTls(NodeTestCase):
    certificate: Path

    def setUp(self) -> None:
        """Start a node with a certificate; the raw endpoint has another one."""
        super().setUp()
        key, certificate = self.written("node")
        self.start(
            MsrpSettings(
                listen=Listen(
                    port=free_port(),
                    interface="127.0.0.1",
                    secure=True,
                    key=str(key),
                    certificate=str(certificate),
                ),
                spool=str(self.folder / "spool"),
                setup_timeout=1.0,
            )
        )
        key, self.certificate = self.written("raw")
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(self.certificate, key)
        self.listener = Listener(server)
        self.addCleanup(self.listener.close)
        self.client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.client.check_hostname = False
        self.client.verify_mode = ssl.CERT_NONE
        self.client.load_cert_chain(self.certificate, key)

    def written(self, name: str) -> tuple[Path, Path]:
        """A key and a certificate of this name."""
        files = self.folder / f"{name}.key", self.folder / f"{name}.crt"
        write_certificate(*files)
        return files

    def own_path(self) -> str:
        """A path of the raw endpoint's."""
        return f"msrps://127.0.0.1:{self.listener.port}/{token()};tcp"

    def own_fingerprint(self) -> str:
        """That of the raw endpoint's certificate (RFC 8122 5)."""
        pem = self.certificate.read_text()
        return fingerprint(ssl.PEM_cert_to_DER_cert(pem))

    async def test_passive(self) -> None:
        """Its certificate is the one that SDP tells; messages go both ways."""

        def conversation() -> None:
            user, ours = Recorder(), self.own_path()
            remote = Remote(path=(ours,), fingerprints=(self.own_fingerprint(),))
            session = self.opened(user, remote)
            host, port = session.address
            wire = Wire.connect(port, host, self.client)
            self.assertEqual(fingerprint(wire.certificate), session.fingerprint)
            end = End(wire, ours, " ".join(session.path))
            self.assertEqual(end.bind(), 200)
            self.assertEqual(set(end.send(Message(LONG), 20_000)), {200})
            self.assertEqual(user.messages, [("text/plain", LONG)])
            status = self.sending(session, LONG)
            self.assertEqual(end.message().body, LONG)
            self.assertEqual(status(), 200)
            wire.close()

        await self.talk(conversation)

    async def test_active(self) -> None:
        """It connects to whose certificate is the one that SDP tells (RFC 8122 6.2)."""

        def conversation() -> None:
            user, ours = Recorder(), self.own_path()
            session = self.opened(user, self.remote(ours, self.own_fingerprint()))
            end = End(self.listener.accept(), ours, " ".join(session.path))
            self.assertEqual(end.take().start, "SEND")
            status = self.sending(session, LONG)
            self.assertEqual(end.message().body, LONG)
            self.assertEqual(status(), 200)
            self.assertTrue(user.is_connected)
            end.wire.close()

        await self.talk(conversation)

    async def test_active_with_a_wrong_fingerprint(self) -> None:
        """To anybody else it says nothing, and the session is lost (RFC 8122 6.2)."""

        def conversation() -> None:
            user, ours = Recorder(), self.own_path()
            self.opened(user, self.remote(ours, OTHER))
            self.assertTrue(self.refused_by_node())
            self.assertTrue(self.lost(user, TIME_LIMIT))
            self.assertFalse(user.is_connected)

        await self.talk(conversation)

    def refused_by_node(self) -> bool:
        """Whether it connects, and ends that without a word."""
        try:
            wire = self.listener.accept()
        except ssl.SSLError:
            return True
        return wire.ended(TIME_LIMIT) and not wire.came

    async def test_passive_with_a_wrong_fingerprint(self) -> None:
        """Who has another certificate than SDP tells is not let in (RFC 8122 6.2)."""

        def conversation() -> None:
            user, ours = Recorder(), self.own_path()
            remote = Remote(path=(ours,), fingerprints=(OTHER,))
            session = self.opened(user, remote)
            wire = Wire.connect(session.address[1], tls=self.client)
            end = End(wire, ours, " ".join(session.path))
            self.assertNotEqual(self.bound(end), 200)
            self.assertFalse(user.is_connected)
            self.assertTrue(self.lost(user, TIME_LIMIT))
            wire.close()

        await self.talk(conversation)

    def bound(self, end: End) -> int:
        """What the first SEND is answered; 0 where the connection is closed."""
        try:
            return end.bind()
        except Gone:
            return 0

    def remote(self, path: str, certificate: str) -> Remote:
        """The raw endpoint, to connect to."""
        return Remote(
            path=(path,),
            connect_to=("127.0.0.1", self.listener.port),
            active=True,
            fingerprints=(certificate,),
        )
