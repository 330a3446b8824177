"""[[mmsc]], [mm4] and [adaptation]: what is asked of them, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

from cpmgw.bodies.spool import SpoolLimits
from cpmgw.config import Config, MmscConfig, MmscMedia, loads
from cpmgw.connections import mail_server_settings, mail_storage, relay_settings
from cpmgw.smtp.settings import ClientTls, RelaySettings, ServerSettings, TlsMode
from tests.live.certificates import write_certificate
from tests.test_config import FaultCase, faults_of

LISTEN = 'listen = "tcp:2525:interface=127.0.0.1"\n'
SECOND = '[[mmsc]]\nname = "second"\ndomain = "mms2.test"\n'


def text_of(mmsc: str = "", *, mm4: str = "", listen: str = LISTEN, **more: str) -> str:
    """A configuration of MMS alone, with further lines in the sections named."""
    gateway = more.pop("gateway", "")
    text = f'[gateway]\ndomain = "ims.test"\n{gateway}\n[mm4]\n{listen}{mm4}\n'
    text += "".join(f"[{name}]\n{lines}\n" for name, lines in more.items())
    return f'{text}[[mmsc]]\nname = "home"\ndomain = "mms.test"\n{mmsc}\n'


class Whole(FaultCase):
    def test_least(self) -> None:
        """A relay and a port are enough: no SM-SC is needed beside them."""
        config = loads(text_of(), {})
        self.assertEqual(config.mmsc, (MmscConfig(name="home", domain="mms.test"),))
        self.assertEqual((config.mm4_domain, config.mail_host), ("ims.test",) * 2)

    def test_our_names(self) -> None:
        """Our domain in addresses and our name to relays may be others."""
        config = loads(text_of(mm4='domain = "mm.test"\nhost = "gw.test"'), {})
        self.assertEqual((config.mm4_domain, config.mail_host), ("mm.test", "gw.test"))

    def test_port(self) -> None:
        """A relay's answers come by a port of ours; a port needs a relay."""
        self.check(text_of(listen=""), "mm4.listen: is missing: no relay could answer")
        alone = '[gateway]\ndomain = "a"\n[[smsc]]\nname = "x"\nhost = "h"\n'
        self.check(
            f'{alone}system_id = "x"\n[mm4]\n{LISTEN}',
            "mm4.listen: is of no use without an [[mmsc]]",
        )

    def test_name_of_the_iwf(self) -> None:
        """An [[iwf]] is not named as the one in this process."""
        iwf = '[[iwf]]\nname = "mms"\nservice = "MMS"\nuri = "sip:192.0.2.1"\n'
        self.check(text_of() + iwf, "iwf: the name 'MMS' is that of the IWF in this")
        self.check(text_of() + iwf.replace('"mms"', '"SMS"'))

    def test_times(self) -> None:
        """The answer to CPM waits for that of the relay (TS 6.3.1.1.1)."""
        self.check(text_of("queue_time = 5.0\nresponse_timeout = 21.9"))
        says = "mmsc[0].response_timeout: is not shorter than nine tenths of sip.handl"
        self.check(text_of("queue_time = 5.0\nresponse_timeout = 22.0"), says)
        self.check(text_of(sip="handler_timeout = 27.7"), says)
        self.check(text_of(sip="handler_timeout = 27.8"))

    def test_sizes(self) -> None:
        """A message of the largest size fits into a mail, and into the queue."""
        policy = {"policy.mms": "max_size = 1_000_000"}
        self.check(text_of(mm4="max_size = 1_400_000", **policy))
        self.check(
            text_of(mm4="max_size = 1_399_999", **policy),
            "mm4.max_size: has no room for a mail with policy.mms.max_size octets",
        )
        self.check(text_of("queue_octets = 1_400_000", **policy))
        says = "mmsc[0].queue_octets: has no room for one message"
        self.check(text_of("queue_octets = 1_399_999", **policy), says)
        self.check(text_of("queue_octets = 1_399_999\nmax_size = 999_999", **policy))


class Relays(FaultCase):
    def test_names(self) -> None:
        """A name is of one relay."""
        self.check(text_of() + SECOND)
        again = SECOND.replace("second", "home")
        self.check(text_of() + again, "mmsc: the name 'home' is used more than once")

    def test_prefixes(self) -> None:
        """A prefix is one, and stands there once; several relays may share it."""
        self.check(
            text_of('prefixes = ["1514"]'), "mmsc[0].prefixes[0]: must be + and the"
        )
        self.check(
            text_of('prefixes = ["+1", "+1"]'),
            "mmsc[0].prefixes: '+1' stands there twice",
        )
        self.check(text_of('prefixes = ["+1"]') + SECOND + 'prefixes = ["+1"]')

    def test_hosts(self) -> None:
        """A host is one, or looked up; what stands in addresses is a domain."""
        self.check(text_of('host = "192.0.2.1"'))
        self.check(text_of('host = "-relay.test"'), "mmsc[0].host: no host name")
        for domain, says in (
            ("192.0.2.1", "is an address"),
            ("2001:db8::1", "is an address"),
            ("mms.test.", "ends in a dot"),
            ("mms_.test", "no host name"),
        ):
            text = text_of().replace('"mms.test"', f'"{domain}"')
            self.check(text, f"mmsc[0].domain: {says}")
        self.check(text_of(mm4='domain = "192.0.2.1"'), "mm4.domain: is an address")
        self.check(text_of(mm4='host = "a..b"'), "mm4.host: no host name")

    def test_domain_is_needed(self) -> None:
        """Without a domain there are no addresses."""
        text = text_of().replace('domain = "mms.test"', "")
        self.check(text, "mmsc[0].domain: is missing")

    def test_peers(self) -> None:
        """Where it sends from is said, in networks."""
        self.check(text_of('peers = ["192.0.2.0/24", "2001:db8::/32", "192.0.2.9"]'))
        self.check(text_of("peers = []"), "mmsc[0].peers: at least one network")
        self.check(text_of('peers = ["192.0.2.1/24"]'), "mmsc[0].peers: has host bits")
        self.check(text_of('peers = ["relay.test"]'), "mmsc[0].peers: not appear to be")

    def test_login(self) -> None:
        """User name and password belong together; the password is not shown."""
        self.check(text_of('username = "u"'), "mmsc[0].password: is missing")
        self.check(text_of('password = "p"'), "mmsc[0].username: is missing beside")
        path = Path(self.mktemp())
        path.write_text("hush-hush\n")
        login = f'username = "u"\npassword_file = "{path}"\n'
        config = loads(text_of(login + 'tls = { mode = "require" }'), {})
        self.assertEqual(config.mmsc[0].password, "hush-hush")
        self.assertNotIn("hush", repr(config))
        self.assertNotIn("hush", repr(relay_settings(config.mmsc[0], config)))

    def test_connections(self) -> None:
        """How its connections are used reaches them."""
        keys = "mails_per_connection = 7\ndata_timeout = 8\nend_timeout = 9\n"
        config = loads(text_of(keys), {})
        settings = relay_settings(config.mmsc[0], config)
        self.assertEqual(settings.mails_per_connection, 7)
        self.assertEqual((settings.data_timeout, settings.end_timeout), (8, 9))
        self.check(text_of("mails_per_connection = -1"), "mmsc[0].mails_per_connection")

    def test_login_unchecked(self) -> None:
        """A password is for a relay that is known, or for all to read (RFC 4954 4)."""
        login = 'username = "u"\npassword = "p"\n'
        told = "mmsc[0].password: is for a relay that has shown who it is"
        self.check(text_of(login), told)
        self.check(text_of(login + 'tls = { mode = "starttls" }'), told)
        for mode in ("none", "require"):
            self.check(text_of(login + f'tls = {{ mode = "{mode}" }}'))

    def test_amounts(self) -> None:
        """What may not be nothing is something, and nothing is boundless."""
        for key in ("connections", "queue", "queue_octets"):
            (fault,) = faults_of(text_of(f"{key} = 0"))
            self.assertTrue(fault.startswith(f"mmsc[0].{key}: "), fault)
        for key in ("queue_time", "response_timeout", "data_timeout"):
            self.check(text_of(f"{key} = 0.0"), f"mmsc[0].{key}: must be")
        self.check(text_of("backoff_initial = 61.0"), "mmsc[0].backoff_initial: longer")
        self.check(text_of("max_size = 104_857_601"), "mmsc[0].max_size: must be")
        self.check(text_of("port = 65536"), "mmsc[0].port: 65535")

    def test_choices(self) -> None:
        """What else becomes of an answer there is no word for."""
        for key in ("no_response", "responses_to"):
            self.check(text_of(f'{key} = "x"'), f"mmsc[0].{key}: must be one of")
        self.check(text_of('[mmsc.tls]\nmode = "x"'), "mmsc[0].tls.mode: must be one")


class Media(FaultCase):
    def media(self, *lines: str) -> str:
        """A configuration whose relay has these lines in its media."""
        return text_of("[mmsc.media]\n" + "\n".join(lines))

    def test_types(self) -> None:
        """Media types and ranges, each once and in small letters."""
        self.check(self.media('types = ["*"]'))
        self.check(self.media('types = ["text/*", "image/*", "audio/*", "video/*"]'))
        at = "mmsc[0].media.types"
        self.check(self.media("types = []"), f"{at}: at least one media type")
        self.check(self.media('types = ["text/*", "text/*"]'), f"{at}: twice")
        for text in ("image", "Image/PNG", "*/png", "image/png;q=1", ""):
            self.check(self.media(f'types = ["{text}"]'), f"{at}[0]: a media type")

    def test_what_can_be_made(self) -> None:
        """Pictures, sound and video become what we can make."""
        for key, value in (
            ("picture", "image/tiff"),
            ("audio", "audio/opus"),
            ("video", "video/webm"),
        ):
            self.check(
                self.media(f'{key} = "{value}"'), f"mmsc[0].media.{key}: must be one of"
            )

    def test_what_is_made_is_taken(self) -> None:
        """What content becomes is among the types (TS 6.3 1a)."""
        png = 'types = ["text/plain", "image/png"]'
        says = "mmsc[0].media.picture: 'image/jpeg' is not among the types"
        self.check(self.media(png), says)
        self.check(self.media(png, 'picture = "image/png"'))
        self.check(self.media(png, "adapt = false"))

    def test_what_is_not_taken_at_all(self) -> None:
        """Of a kind that the relay does not take in any form nothing is made."""
        self.check(self.media('types = ["text/plain"]'))
        self.check(self.media('types = ["text/plain", "image/*"]'))

    def test_pixels(self) -> None:
        """A picture is not larger than what can be made, nor a point."""
        self.check(self.media("widest = 16\nhighest = 16_384"))
        self.check(self.media("widest = 15"), "mmsc[0].media.widest: >= 16")
        self.check(self.media("highest = 16_385"), "mmsc[0].media.highest: <= 16384")

    def test_takes(self) -> None:
        """A type is taken by itself, by its range, or by all."""
        for types, taken in (
            (("image/png",), True),
            (("image/*",), True),
            (("*",), True),
            (("image/jpeg", "audio/*"), False),
        ):
            self.assertEqual(MmscMedia(types=types).takes("image/png"), taken)


class Port(FaultCase):
    def test_listen(self) -> None:
        """SMTP goes over TCP or TLS, at a port that is said."""
        self.check(text_of(listen='listen = "tcp:port=25"'))
        for place in ("udp:25", "tcp:interface=127.0.0.1"):
            says = f"mm4.listen: {place!r}: not tcp or tls with a port"
            self.check(text_of(listen=f'listen = "{place}"'), says)
        self.check(
            text_of(listen='listen = "tcp:25:interface=gw.test"'),
            "mm4.listen: the interface 'gw.test' is no IP address",
        )

    def test_room(self) -> None:
        """There is a directory, and room for the largest mail."""
        self.check(text_of(mm4='spool = ""'), "mm4.spool: must name a directory")
        self.check(text_of(mm4="max_size = 7_000_000\nstorage = 8_000_000"))
        self.check(
            text_of(mm4="max_size = 7_000_001\nstorage = 8_000_000"),
            "mm4.max_size: is larger than what storage has for one mail (7000000)",
        )
        self.check(text_of(mm4="in_memory = 1_048_577"), "mm4.in_memory: 1048576")

    def test_version(self) -> None:
        """A version has three numbers (3GPP TS 23.140 8.4.4)."""
        for text in ("6.3", "6.3.0.1", "six", "6.3.0\\n", "1234.0.0"):
            self.check(
                text_of(mm4=f'version = "{text}"'),
                'mm4.version: must be a version of MM4 ("6.3.0")',
            )

    def test_reports(self) -> None:
        """A report goes again so many times, or not at all."""
        self.check(text_of(mm4="report_repeats = 0"))
        self.check(text_of(mm4="report_repeats = 21"), "mm4.report_repeats: 20")
        self.check(text_of(mm4="report_timeout = 0.0"), "mm4.report_timeout: must be")

    def test_bare_newlines(self) -> None:
        """They are refused or accepted."""
        self.check(text_of(mm4='bare_newlines = "x"'), "mm4.bare_newlines: one of")

    def test_work(self) -> None:
        """Work has threads, room and an end."""
        self.check(text_of(adaptation="threads = 65"), "adaptation.threads: <= 64")
        self.check(text_of(adaptation="timeout = 0.0"), "adaptation.timeout: must be")
        self.check(text_of(adaptation='ffmpeg = ""'))


class Tls(FaultCase):
    def setUp(self) -> None:
        self.key, self.certificate = Path(self.mktemp()), Path(self.mktemp())
        write_certificate(self.key, self.certificate)

    def test_towards_a_relay(self) -> None:
        """Its files are there, and belong together."""
        at = "mmsc[0].tls"
        self.check(
            text_of(
                f'[mmsc.tls]\nmode = "require"\nauthority = "{self.certificate}"\n'
                f'certificate = "{self.certificate}"\nkey = "{self.key}"'
            )
        )
        self.check(
            text_of('[mmsc.tls]\nauthority = "/nowhere"'), f"{at}.authority: No such"
        )
        self.check(
            text_of(f'[mmsc.tls]\nkey = "{self.key}"'), f"{at}.key: needs a certificate"
        )
        self.check(
            text_of(f'[mmsc.tls]\ncertificate = "{self.certificate}"'),
            f"{at}.certificate: no private key",
        )
        self.check(text_of('[mmsc.tls]\nhostname = "a..b"'), f"{at}.hostname: no host")

    def test_at_the_port(self) -> None:
        """So are those that STARTTLS is offered with."""
        both = f'certificate = "{self.certificate}"\nkey = "{self.key}"'
        self.check(text_of(**{"mm4.tls": f"{both}\nrequire = true"}))
        at = "mm4.tls"
        self.check(text_of(**{"mm4.tls": f'key = "{self.key}"'}), f"{at}.key: needs a")
        self.check(
            text_of(**{"mm4.tls": f'certificate = "{self.certificate}"'}),
            f"{at}.certificate: no private key",
        )
        self.check(
            text_of(**{"mm4.tls": 'certificate = "/nowhere"'}),
            f"{at}.certificate: No such",
        )

    def test_required(self) -> None:
        """What is required can be had: by STARTTLS, or at a port of TLS."""
        text = text_of(**{"mm4.tls": "require = true"})
        self.check(text, "mm4.tls.require: needs a certificate")
        place = f"tls:25:privateKey={self.key}:certKey={self.certificate}"
        self.check(text.replace(LISTEN, f'listen = "{place}"\n'))


class Settings(FaultCase):
    def config(self, mmsc: str = "", mm4: str = "") -> Config:
        """A configuration without faults."""
        return loads(text_of(mmsc, mm4=mm4), {})

    def test_relay(self) -> None:
        """A relay is told everything that concerns it."""
        config = self.config(
            'host = "relay.test"\nport = 26\nusername = "u"\npassword = "p"\n'
            "connections = 2\nqueue = 3\nqueue_octets = 4_000_000\nqueue_time = 5.5\n"
            "connect_timeout = 6.0\ncommand_timeout = 7.0\ndata_timeout = 8.0\n"
            "idle_timeout = 9.0\nbackoff_initial = 10.0\nbackoff_maximum = 11.0\n"
            '[mmsc.tls]\nmode = "require"\nhostname = "x.test"',
            'host = "gw.test"',
        )
        self.assertEqual(
            relay_settings(config.mmsc[0], config),
            RelaySettings(
                domain="mms.test",
                host="relay.test",
                port=26,
                own_name="gw.test",
                username="u",
                password="p",
                connections=2,
                queue=3,
                queue_octets=4_000_000,
                queue_time=5.5,
                connect_timeout=6.0,
                command_timeout=7.0,
                data_timeout=8.0,
                idle_timeout=9.0,
                backoff_initial=10.0,
                backoff_maximum=11.0,
                tls=ClientTls(mode=TlsMode.REQUIRE, hostname="x.test"),
            ),
        )

    def test_modes(self) -> None:
        """Each word for TLS has its mode."""
        for mode in TlsMode:
            config = self.config(f'[mmsc.tls]\nmode = "{mode.value}"')
            self.assertIs(relay_settings(config.mmsc[0], config).tls.mode, mode)

    def test_port(self) -> None:
        """So is the port; it lets in whoever is a peer of any relay."""
        text = text_of(
            'peers = ["192.0.2.0/24", "198.51.100.1"]',
            mm4="max_size = 5_000_000\nrecipients = 6\nconnections = 7\n"
            "connections_per_peer = 8\nmails_per_connection = 9\n"
            "errors_per_connection = 10\ncommand_timeout = 11.0\n"
            'data_timeout = 12.0\nbare_newlines = "accept"',
            sip="drain = 13.0",
        )
        config = loads(text + SECOND + 'peers = ["192.0.2.0/24", "::1"]', {})
        self.assertEqual(
            mail_server_settings(config.mm4, config),
            ServerSettings(
                listen="tcp:2525:interface=127.0.0.1",
                own_name="ims.test",
                peers=("192.0.2.0/24", "198.51.100.1", "::1"),
                max_size=5_000_000,
                recipients=6,
                connections=7,
                connections_per_peer=8,
                mails_per_connection=9,
                errors_per_connection=10,
                command_timeout=11.0,
                data_timeout=12.0,
                drain=13.0,
                accepts_bare_newlines=True,
            ),
        )

    def test_storage(self) -> None:
        """What is small is in memory, and all of it has its bounds."""
        config = self.config(mm4="in_memory = 7\nstorage = 20_000_000")
        self.assertEqual(
            mail_storage(config.mm4), SpoolLimits(spill=7, storage=20_000_000)
        )
