"""The configuration: values and texts that look right, and cannot be used."""

from __future__ import annotations

from pathlib import Path

from cpmgw.config import load, loads
from tests.test_config import LEAST, FaultCase, faults_of, least


class Values(FaultCase):
    def test_interfaces(self) -> None:
        """An interface is an address: names may not be there at the start."""
        for interface in ("127.0.0.1", "\\\\:\\\\:1", "0.0.0.0"):
            self.check(least(web=f'listen = "tcp:1:interface={interface}"'))
        for interface in ("no.such.host", "foo bar"):
            place = f"tcp:1:interface={interface}"
            self.check(
                least(sip=f'listen = ["{place}"]', web=f'listen = "{place}"'),
                f"sip.listen: the interface {interface!r} is no IP address",
                f"web.listen: the interface {interface!r} is no IP address",
            )

    def test_hosts(self) -> None:
        """An SM-SC is at a name of the DNS (RFC 1123 2.1) or at an address."""
        for host in ("h", "smsc-1.example.net.", "::1", "xn--a--b", "a" * 63):
            self.check(least(smsc=f'[smsc.tls]\nhostname = "{host}"'))
            self.check(LEAST.replace("127.0.0.1", host))
        for host in (
            "a..b",
            "-a",
            "a-",
            "h_1",
            "ab--c",
            ":::",
            "a" * 64,
            f"{'a.' * 126}aa",
        ):
            none = f"{host!r} is no host name and no address"
            self.check(LEAST.replace("127.0.0.1", host), f"smsc[0].host: {none}")
            self.check(
                least(smsc=f'[smsc.tls]\nhostname = "{host}"'),
                f"smsc[0].tls.hostname: {none}",
            )
        self.check(
            LEAST.replace("127.0.0.1", "[::1]"), "smsc[0].host: without brackets"
        )

    def test_octet_strings(self) -> None:
        """What a bind carries is ASCII (SMPP 3.4 3.1); a secret is not shown."""
        says = "must be of ASCII without control characters"
        for key in ("system_id", "password", "system_type", "address_range"):
            text = LEAST.replace('system_id = "cpmgw"\n', "")
            if key != "system_id":
                text = LEAST
            for value in ("€", "a\x00b", "a\x7f", "\u00e9"):
                found = faults_of(f'{text}{key} = "${{VALUE}}"\n', VALUE=value)
                self.assertEqual(found, (f"smsc[0].{key}: {says}",))
            self.check(f'{text}{key} = " ~"\n')

    def test_octets_of_a_password_file(self) -> None:
        """A secret of a file is looked at as well."""
        path = self.mktemp()
        Path(path).write_text("s\tcret")
        self.check(
            least(smsc=f'password_file = "{path}"'),
            "smsc[0].password: without control characters",
        )

    def test_values_that_are_shown(self) -> None:
        """A value is shown as TOML has it, and without what has no end."""
        for value, shown in (
            ("1979-05-27", "not 1979-05-27"),
            ("07:32:00", "not 07:32:00"),
            ("true", "not true"),
            ("5", "not 5"),
            ('"x y"', "not 'x y'"),
            ("[1]", "not a list"),
            (f"{{{'a.' * 2000}a = 1}}", "not a table"),
            (f"0x{'f' * 6000}", "not such a large number"),
        ):
            self.check(least(log=f"level = {value}"), f"log.level: {shown}")


class Texts(FaultCase):
    def test_beyond_all_bounds(self) -> None:
        """What the reader of TOML gives up on is a fault as well."""
        self.assertEqual(faults_of(f"a = {'[' * 3000}"), ("is nested too deeply",))
        (fault,) = faults_of(f"a = {'9' * 5000}")
        self.assertTrue(fault.startswith("is not TOML: "), fault)
        path = self.mktemp() + ".toml"
        Path(path).write_text(f"a = {'[' * 3000}")
        self.check(
            least(gateway=f'profile = "{path}"'), "gateway.profile: nested too deeply"
        )

    def test_byte_order_mark(self) -> None:
        """An editor may have put a mark of UTF-8 at the beginning."""
        path = self.mktemp()
        Path(path).write_text(LEAST, "utf-8-sig")
        self.assertEqual(load(path), loads(LEAST))


class SessionIntervals(FaultCase):
    def test_bounds(self) -> None:
        """From 90 seconds (RFC 4028 5) to a day."""
        for value in (90, 86_400):
            self.check(least(sip=f"session_expires = {value}"))
            self.check(least(sip=f"session_expires = 86400\nmin_se = {value}"))
        for value in (89, 86_401):
            for key in ("session_expires", "min_se"):
                self.check(least(sip=f"{key} = {value}"), f"sip.{key}: must be")

    def test_both(self) -> None:
        """What we ask for is no shorter than what we accept."""
        self.check(least(sip="session_expires = 900\nmin_se = 900"))
        self.check(
            least(sip="session_expires = 900\nmin_se = 901"),
            "sip.session_expires: is shorter than min_se",
        )
