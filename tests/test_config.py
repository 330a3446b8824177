"""The configuration: what is read, and that every fault is named."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import Config, SmscConfig, load, loads
from cpmgw.errors import ConfigError

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "etc" / "cpmgw.toml"

LEAST = """
[gateway]
domain = "ims.example.net"
[[smsc]]
name = "home"
host = "127.0.0.1"
system_id = "cpmgw"
"""


def faults_of(text: str, **environment: str) -> tuple[str, ...]:
    """The faults of a configuration's text without its name."""
    try:
        loads(text, environment)
    except ConfigError as error:
        return tuple(fault.removeprefix("config: ") for fault in error.faults)
    return ()


def least(**sections: str) -> str:
    """The smallest configuration with further lines in the sections named."""
    text = LEAST.replace("[gateway]", "[gateway]\n" + sections.pop("gateway", ""))
    text += sections.pop("smsc", "")
    for name, lines in sections.items():
        text += f"\n[{name}]\n{lines}\n"
    return text


class Reading(SynchronousTestCase):
    def test_least(self) -> None:
        """What is not said has its default."""
        config = loads(LEAST, {})
        self.assertEqual("sqlite:var/cpmgw.sqlite", config.gateway.state)
        self.assertEqual(2775, config.smsc[0].port)
        self.assertEqual(202, config.policy.pager_success_status)

    def test_derived_addresses(self) -> None:
        """The IWF and the Participating Function have names in the domain (6.2.3.2)."""
        config = loads(LEAST, {})
        self.assertEqual("sip:CPM-IWF@ims.example.net", config.iwf_address)
        self.assertEqual("sip:CPM-PF@ims.example.net", config.participating_function)

    def test_given_addresses(self) -> None:
        """An address that is given is used as it is (6.2.3.2)."""
        lines = 'address = "sip:iwf@a.b"\nparticipating_function = "sip:pf@a.b"'
        config = loads(least(sip=lines), {})
        self.assertEqual("sip:iwf@a.b", config.iwf_address)
        self.assertEqual("sip:pf@a.b", config.participating_function)

    def test_environment(self) -> None:
        """${NAME} in a string is replaced from the environment."""
        text = least(smsc='password = "${SECRET}"')
        config = loads(text, {"SECRET": "pass"})
        self.assertEqual("pass", config.smsc[0].password)

    def test_environment_is_not_expanded_twice(self) -> None:
        """What the environment says is taken as it is."""
        config = loads(least(smsc='password = "${A}"'), {"A": "${B}"})
        self.assertEqual("${B}", config.smsc[0].password)

    def test_password_file(self) -> None:
        """A secret can stand in a file, its line end not being part of it."""
        path = self.mktemp()
        Path(path).write_text("s3cret\n")
        config = loads(least(smsc=f'password_file = "{path}"'), {})
        self.assertEqual("s3cret", config.smsc[0].password)

    def test_password_file_is_verbatim(self) -> None:
        """A secret may look like a variable."""
        path = self.mktemp()
        Path(path).write_text("${A}")
        config = loads(least(smsc=f'password_file = "{path}"'), {})
        self.assertEqual("${A}", config.smsc[0].password)

    def test_passwords_are_not_shown(self) -> None:
        """A configuration that is printed does not tell its secrets."""
        user = '[[sip.users]]\nusername = "u"\npassword = "hidden1"\n'
        user += user.replace("users", "credentials")
        config = loads(least(smsc=f'password = "hidden2"\n{user}'), {})
        self.assertNotIn("hidden", repr(config))

    def test_integer_for_seconds(self) -> None:
        """Seconds may be written without a fraction."""
        config = loads(least(smsc="response_timeout = 5"), {})
        self.assertEqual(5.0, config.smsc[0].response_timeout)

    def test_file(self) -> None:
        """A file is read and named in its faults."""
        path = self.mktemp()
        Path(path).write_text(least(log='level = "loud"'))
        error = self.assertRaises(ConfigError, load, path)
        self.assertEqual(1, len(error.faults))
        self.assertTrue(error.faults[0].startswith(f"{path}: log.level: must be one"))


class FaultCase(SynchronousTestCase):
    """Compares the faults of a text with those that it should have."""

    def check(self, text: str, *expected: str, **environment: str) -> None:
        """The faults are these: each path and the words that its text holds."""
        found = faults_of(text, **environment)
        for each in expected:
            path, _, words = each.partition(": ")
            matching = [f for f in found if f.startswith(f"{path}: ") and words in f]
            self.assertTrue(matching, f"{each!r} is not in {found}")
        self.assertEqual(len(expected), len(found), found)


class Faults(FaultCase):
    def test_all_at_once(self) -> None:
        """Every fault of a file is said, not only the first."""
        self.check(
            """
            [gatewa]
            [gateway]
            profile = "ocm"
            state = "postgresql://u@h/db"
            [sip]
            listen = ["sctp:5060", "udp:99999"]
            trusted = ["10.0.0.300/8", "fe80::/10", 5]
            pending = "many"
            nexthop = ""
            [[smsc]]
            host = "h"
            port = 70000
            system_id = 5
            windw = 10
            [policy]
            pager_success_status = 201
            priority = { normal = 9 }
            """,
            "gatewa: did you mean gateway?",
            'gateway.profile: must be "oma", "rcs" or a .toml file',
            "gateway.domain: is missing",
            "gateway.state: not supported by this release",
            "sip.listen: sctp",
            "sip.listen: 99999",
            "sip.trusted[2]: str",
            "sip.pending: int",
            "sip.nexthop: did you mean next_hop?",
            "smsc[0].name: is missing",
            "smsc[0].port: 65535",
            "smsc[0].system_id: str",
            "smsc[0].windw: did you mean window?",
            "policy.pager_success_status: must be one of 200, 202, not 201",
            "policy.priority.normal: 3",
        )

    def test_bad_networks(self) -> None:
        """A network that is none is told, each for itself (RFC 3325)."""
        self.check(
            least(sip='trusted = ["10.0.0.300/8", "10.1.2.3/8", "::1"]'),
            "sip.trusted: 10.0.0.300/8",
            "sip.trusted: has host bits set",
        )

    def test_bad_uris(self) -> None:
        """A next hop must be a SIP URI."""
        self.check(least(sip='next_hop = "tel:+1514"'), "sip.next_hop: no SIP URI")
        self.check(least(sip='next_hop = "127.0.0.1"'), "sip.next_hop: 127.0.0.1")

    def test_listen_nowhere(self) -> None:
        """Without a place to listen at nothing would come in."""
        self.check(least(sip="listen = []"), "sip.listen: at least one")

    def test_listen_twice(self) -> None:
        """The same place cannot be had twice."""
        self.check(least(sip='listen = ["udp:1", "udp:1"]'), "sip.listen: twice")

    def test_bad_aliases(self) -> None:
        """A further name is a host, perhaps with a port; each fault is told."""
        good = '"gw.example.net", "192.0.2.1:5060", "[2001:db8::1]:65535", "h:1"'
        bad = '"sip:gw", "2001:db8::1", "", "h:", "h:0", "h:65536"'
        self.check(
            least(sip=f"aliases = [{good}, {bad}]"),
            "sip.aliases: 'sip:gw'",
            "sip.aliases: '2001:db8::1'",
            "sip.aliases: '': not a host",
            "sip.aliases: 'h:'",
            "sip.aliases: 'h:0': 0 is no port",
            "sip.aliases: 'h:65536'",
        )

    def test_tls_files(self) -> None:
        """Files that cannot be read are told at the start."""
        self.check(
            least(
                sip='listen = ["tls:1:privateKey=/nowhere/key:certKey=/nowhere/cert"]',
                smsc='[smsc.tls]\nauthority = "/nowhere/ca"',
            ),
            "sip.listen: /nowhere/key: No such file",
            "sip.listen: /nowhere/cert: No such file",
            "smsc[0].tls.authority: /nowhere/ca: No such file",
        )

    def test_key_without_certificate(self) -> None:
        """A private key is of no use alone."""
        self.check(
            least(smsc=f'[smsc.tls]\nkey = "{SAMPLE}"'),
            "smsc[0].tls.key: needs a certificate",
        )

    def test_duplicate_centres(self) -> None:
        """Two SM-SCs cannot have one name: it keys what is stored."""
        second = '\n[[smsc]]\nname = "home"\nhost = "h"\nsystem_id = "s"'
        self.check(least(smsc=second), "smsc: 'home' is used more than once")

    def test_no_centre(self) -> None:
        """Without an SM-SC there is nothing to interwork with."""
        self.check('[gateway]\ndomain = "a"', "smsc: must hold at least one")
        self.check('smsc = []\n[gateway]\ndomain = "a"', "smsc: at least one")

    def test_prefixes(self) -> None:
        """Numbers are routed by how they begin, + included."""
        self.check(
            least(smsc='prefixes = ["1514", "+1", "+1"]'),
            "smsc[0].prefixes[0]: must be + and the digits",
        )
        self.check(least(smsc='prefixes = ["+1", "+1"]'), "smsc[0].prefixes: twice")

    def test_clashing_times(self) -> None:
        """First pauses are not longer than the longest."""
        self.check(least(smsc="backoff_initial = 90"), "smsc[0].backoff_initial: long")
        self.check(least(smsc="throttle_initial = 9"), "smsc[0].throttle_initial: lo")

    def test_loose_ids(self) -> None:
        """Loose ids need both sides to be loose."""
        self.check(least(smsc='receipt_id = "loose"'), "smsc[0].receipt_id: loose")

    def test_text_policy(self) -> None:
        """What txsmpp refuses is told with the key it names."""
        self.check(
            least(smsc="[smsc.text]\nmax_segments = 256"),
            "smsc[0].text.max_segments: from 1 to 255",
        )
        self.check(
            least(smsc='[smsc.text]\nalphabets = ["gsm", "klingon"]'),
            "smsc[0].text.alphabets[1]: must be one of",
        )
        self.check(
            least(smsc="[smsc.text]\nalphabets = []"),
            "smsc[0].text.alphabets: must name at least one alphabet",
        )

    def test_negative(self) -> None:
        """No number is negative, infinite or none."""
        self.check(least(sip="drain = -1.0"), "sip.drain: must not be negative")
        self.check(least(sip="drain = inf"), "sip.drain: must be a finite number")
        self.check(least(sip="drain = nan"), "sip.drain: must be a finite number")

    def test_port_limits(self) -> None:
        """A port is from 1 to 65535."""
        self.check(least(smsc="port = 65535"))
        self.check(least(smsc="port = 65536"), "smsc[0].port: 65535")
        self.check(least(smsc="port = 0"), "smsc[0].port: 1")

    def test_password_length(self) -> None:
        """An SMPP password has eight octets at most (SMPP 3.4 4.1.1)."""
        self.check(least(smsc='password = "12345678"'))
        self.check(least(smsc='password = "123456789"'), "smsc[0].password: 8")

    def test_two_passwords(self) -> None:
        """One of two secrets would be ignored."""
        self.check(
            least(smsc=f'password = "a"\npassword_file = "{SAMPLE}"'),
            "smsc[0].password_file: beside password",
        )

    def test_token(self) -> None:
        """A token is long enough and of what may stand in a header; it is not shown."""
        for token in ("short-of-sixteen", "A" * 256, "0123456789abcde/+==", ""):
            self.assertEqual(faults_of(least(web=f'token = "{token}"')), ())
        for token in ("0123456789abcde", "A" * 257, "0123456789abcde ", "é" * 16):
            (fault,) = faults_of(least(web=f'token = "{token}"'))
            self.assertTrue(fault.startswith("web.token: must be 16 to 256 "), fault)
            self.assertNotIn(token, fault)

    def test_token_file(self) -> None:
        """A token may stand in a file, which must not be empty."""
        path = Path(self.mktemp())
        path.write_text("0123456789abcdef\n")
        config = loads(least(web=f'token_file = "{path}"'), {})
        self.assertEqual(config.web.token, "0123456789abcdef")
        self.assertNotIn("0123456789abcdef", repr(config.web))
        path.write_text("\n")
        self.assertEqual(
            faults_of(least(web=f'token_file = "{path}"')),
            ("web.token_file: is empty",),
        )

    def test_password_file_unreadable(self) -> None:
        """A secret that cannot be read is a fault, with the file's name."""
        self.check(
            least(smsc='password_file = "/nowhere/p"'),
            "smsc[0].password_file: /nowhere/p: No such file",
        )

    def test_password_file_limit(self) -> None:
        """A file of more than 4096 octets holds no password."""
        path = self.mktemp()
        Path(path).write_bytes(b"x" * 4097)
        self.check(
            least(smsc=f'password_file = "{path}"'),
            "smsc[0].password_file: more than 4096 octets",
        )

    def test_user_without_password(self) -> None:
        """A digest user needs a secret."""
        self.check(
            least(smsc='[[sip.users]]\nusername = "u"'),
            "sip.users[0].password: is missing",
        )

    def test_user_twice(self) -> None:
        """A user has one password in a realm."""
        user = '[[sip.users]]\nusername = "u"\npassword = "p"\n'
        self.check(least(smsc=user * 2), "sip.users: twice")

    def test_credentials_twice(self) -> None:
        """We are one user in a realm, and may be others in others."""
        user = '[[sip.credentials]]\nusername = "u"\npassword = "p"\nrealm = "r"\n'
        self.check(least(smsc=user * 2), "sip.credentials: twice in realm 'r'")
        self.check(least(smsc=user + user.replace('"r"', '"q"')))

    def test_missing_variable(self) -> None:
        """A variable that the environment lacks is named."""
        self.check(
            least(smsc='password = "${NOT_THERE}"'),
            "smsc[0].password: no NOT_THERE",
            OTHER="x",
        )

    def test_contradicting_policy(self) -> None:
        """Policies that cannot be meant together are told."""
        self.check(
            least(policy="validity_default = 7200\nvalidity_max = 3600"),
            "policy.validity_default: longer than validity_max",
        )

    def test_wrong_kinds(self) -> None:
        """A value where a table should be, and the other way round."""
        self.check(f"sip = 5\n{LEAST}", "sip: must be a table")
        self.check(f"policy = 5\n{LEAST}", "policy: must be a table")
        self.check('smsc = "x"\n[gateway]\ndomain = "a"', "smsc: must be a list")
        self.check(least(policy='priority = "x"'), "policy.priority: must be a table")
        self.check(least(gateway="profile = 5"), "gateway.profile: str")

    def test_unknown_state_name(self) -> None:
        """A table's key that is no message state gets a hint."""
        self.check(
            least(policy='[policy.delivery_statuses]\nDELIVRED = "failed"'),
            "policy.delivery_statuses.DELIVRED: did you mean DELIVERED?",
        )

    def test_section_of_a_later_release(self) -> None:
        """A section that this release does not know is told, not ignored."""
        self.check(least(smtp='listen = "tcp:2525"'), "smtp: unknown key")

    def test_not_toml(self) -> None:
        """What is no TOML is told with its place."""
        self.assertIn("at line 2", faults_of("[gateway]\ndomain: 1\n[a]")[0])
        path = self.mktemp()
        Path(path).write_bytes(b"\xff")
        error = self.assertRaises(ConfigError, load, path)
        self.assertIn("is not TOML", error.faults[0])

    def test_no_file(self) -> None:
        """A file that is not there is one fault."""
        error = self.assertRaises(ConfigError, load, "/nowhere/cpmgw.toml")
        self.assertEqual(
            ("/nowhere/cpmgw.toml: No such file or directory",), error.faults
        )


class Profiles(SynchronousTestCase):
    def test_override_key_by_key(self) -> None:
        """[policy] changes single keys of a profile, within tables too."""
        lines = "report_grace = 60\n[policy.priority]\nurgent = 3"
        config = loads(least(gateway='profile = "rcs"', policy=lines), {})
        self.assertEqual(60, config.policy.report_grace)
        self.assertEqual(3, config.policy.priority["urgent"])
        self.assertEqual(1, config.policy.priority["normal"])
        self.assertFalse(config.policy.negative_delivery)

    def test_own_profile(self) -> None:
        """A profile can be a file of the operator's."""
        path = self.mktemp() + ".toml"
        Path(path).write_text("retry_after = 9")
        config = loads(least(gateway=f'profile = "{path}"'), {})
        self.assertEqual(9, config.policy.retry_after)

    def test_profile_of_the_environment(self) -> None:
        """Its name is one of the strings in which ${NAME} is replaced."""
        folder = self.mktemp()
        Path(folder).mkdir()
        (Path(folder) / "own.toml").write_text("retry_after = 9")
        text = least(gateway='profile = "${FOLDER}/own.toml"')
        config = loads(text, {"FOLDER": folder})
        self.assertEqual(9, config.policy.retry_after)
        self.assertEqual(f"{folder}/own.toml", config.gateway.profile)
        fault = "gateway.profile: the environment has no FOLDER"
        self.assertEqual(faults_of(text), (fault,))

    def test_own_profile_with_faults(self) -> None:
        """The faults of a profile carry its own name, beside those of the rest."""
        path = self.mktemp() + ".toml"
        Path(path).write_text("retry_aftr = 9")
        found = faults_of(least(gateway=f'profile = "{path}"', log='level = "x"'))
        self.assertEqual(2, len(found), found)
        self.assertIn("retry_aftr: unknown key, did you mean retry_after?", found[0])
        self.assertTrue(found[0].startswith(path))

    def test_missing_profile(self) -> None:
        """A profile that cannot be read is told at its key."""
        found = faults_of(least(gateway='profile = "/nowhere/p.toml"'))
        self.assertEqual(1, len(found))
        self.assertIn("gateway.profile: /nowhere/p.toml: No such file", found[0])


class Shape(SynchronousTestCase):
    def test_values_are_frozen(self) -> None:
        """A configuration does not change while the gateway runs."""
        config = loads(LEAST, {})
        with self.assertRaises(AttributeError):
            config.gateway = None  # type: ignore[misc,assignment]
        self.assertEqual("home", config.smsc[0].name)

    def test_default_equality(self) -> None:
        """Values compare by what they hold."""
        self.assertEqual(loads(LEAST, {}), loads(LEAST, {}))
        self.assertIsInstance(loads(LEAST, {}), Config)
        self.assertIsInstance(loads(LEAST, {}).smsc[0], SmscConfig)
