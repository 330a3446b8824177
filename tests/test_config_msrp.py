"""[msrp]: what is asked of it, and what the node is told."""

from __future__ import annotations

from cpmgw.config import loads
from cpmgw.connections import msrp_settings
from cpmgw.msrp.settings import Listen, MsrpSettings, Relay
from tests.test_config import LEAST, FaultCase, least

HERE = 'listen = "tcp:2855:interface=127.0.0.1"\n'
RELAY = HERE + '[msrp.relay]\nuri = "msrp://relay.example.net:2855;tcp"\n'


class Faults(FaultCase):
    def test_listen(self) -> None:
        """MSRP goes over TCP or TLS, at a port of its own (RFC 4975 8.1)."""
        for place in (
            "",
            "tcp:0:interface=127.0.0.1",
            "tcp:port=1:interface=127.0.0.1",
        ):
            self.check(least(msrp=f'listen = "{place}"'))
        for place in ("udp:2855:interface=127.0.0.1", "tcp:interface=127.0.0.1"):
            says = f"msrp.listen: {place!r}: not tcp or tls with a port"
            self.check(least(msrp=f'listen = "{place}"'), says)
        self.check(
            least(msrp='listen = "tls:1:interface=127.0.0.1"'),
            "msrp.listen: 'tls:1:interface=127.0.0.1': privateKey is missing",
        )

    def test_host(self) -> None:
        """Where all addresses are listened at, peers have to be told a host."""
        says = "msrp.host: is missing where listen names no interface"
        for place in ("tcp:2855", "tcp:2855:interface=0.0.0.0"):
            self.check(least(msrp=f'listen = "{place}"'), says)
            self.check(least(msrp=f'listen = "{place}"\nhost = "gw.example.net"'))

    def test_relay(self) -> None:
        """A relay is an MSRP URI; a user name and a password belong together."""
        self.check(least(msrp=RELAY))
        self.check(least(msrp=RELAY + 'username = "u"\npassword = "p"'))
        self.check(
            least(msrp=RELAY.replace(";tcp", "")),
            "msrp.relay.uri: is no MSRP URI with a transport",
        )
        self.check(
            least(msrp=RELAY + 'username = "u"'),
            "msrp.relay.password: is missing (or password_file)",
        )
        self.check(
            least(msrp=RELAY + 'password = "p"'),
            "msrp.relay.username: is missing beside the password",
        )
        self.check(
            least(msrp='[msrp.relay]\nusername = "u"\npassword = "p"'),
            "msrp.relay.uri: is missing beside the username",
        )

    def test_amounts(self) -> None:
        """What may not be nothing has to be something, and fit together."""
        for key in ("sessions", "connections", "unanswered", "queue", "setup_timeout"):
            self.check(least(msrp=f"{key} = 1"))
            self.check(least(msrp=f"{key} = 0"), f"msrp.{key}: must be")
        for kilobytes in (0, 100):
            self.check(least(msrp=f"max_chunk = {kilobytes}"))
        says = "msrp.max_chunk: must be 0 or at least 100"
        for kilobytes in (1, 99):
            self.check(least(msrp=f"max_chunk = {kilobytes}"), says)
        self.check(least(msrp="max_chunk = -1"), "msrp.max_chunk: must not be")
        self.check(least(msrp="sending.chunk = 2048"))
        self.check(least(msrp="sending.chunk = 2047"), "msrp.sending.chunk: must be")
        self.check(
            least(msrp="reception.max_size = 5\nstorage.storage = 4"),
            "msrp.reception.max_size: is larger than storage.storage",
        )
        self.check(least(msrp="reception.max_size = 5\nstorage.storage = 5"))
        self.check(least(msrp='spool = ""'), "msrp.spool: must name a directory")


class Settings(FaultCase):
    def test_none(self) -> None:
        """Without a place to listen at there is no MSRP."""
        config = loads(LEAST, {})
        self.assertFalse(config.msrp.is_used)
        self.assertEqual(msrp_settings(config), MsrpSettings())

    def test_listen(self) -> None:
        """The node is told where to listen, and its limits."""
        config = loads(
            least(msrp=HERE + "queue = 7\nmax_chunk = 200\nsending.window = 3"), {}
        )
        settings = msrp_settings(config)
        self.assertTrue(config.msrp.is_used)
        self.assertEqual(settings.listen, Listen(port=2855, interface="127.0.0.1"))
        self.assertEqual((settings.queue, settings.sending.window), (7, 3))
        self.assertEqual(settings.max_chunk, 200)
        self.assertIsNone(settings.relay)

    def test_relay(self) -> None:
        """It is told the relay; nothing shows the password."""
        lines = RELAY + 'username = "u"\npassword = "hush"\nexpires = 60'
        config = loads(least(msrp=lines), {})
        settings = msrp_settings(config)
        self.assertEqual(
            settings.relay,
            Relay(
                uri="msrp://relay.example.net:2855;tcp",
                username="u",
                password="hush",
                expires=60,
            ),
        )
        self.assertNotIn("hush", f"{config!r} {settings!r}")
