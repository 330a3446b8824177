"""Tests of cpmgw.addressing.checks, by way of the configuration."""

from __future__ import annotations

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.checks import (
    faults_of_directory,
    faults_of_names,
    faults_of_rules,
    faults_of_short_numbers,
)
from cpmgw.addressing.settings import (
    MOST_ENTRIES,
    MOST_NAMES,
    MOST_RULES,
    MOST_SHORT_NUMBERS,
    DialRule,
    DirectoryEntry,
    NamedUser,
)
from cpmgw.config import loads
from tests.test_config import faults_of, least


class Reading(SynchronousTestCase):
    """What is read from the configuration."""

    def test_defaults(self) -> None:
        """Nothing is allowed that was not asked for."""
        config = loads(least(), {})
        self.assertEqual("refuse", config.dial_plan.alphanumeric)
        self.assertEqual((), config.dial_plan.short_digits)
        self.assertFalse(config.dial_plan.short_senders)
        self.assertEqual("", config.enum.suffix)
        self.assertEqual((), config.directory)

    def test_everything(self) -> None:
        """Each table is read."""
        config = loads(
            least(
                dial_plan='international_prefix = "00"\nshort_digits = [3, 6]',
                enum='suffix = "e164.arpa"\nservers = ["192.0.2.1", "[::1]:5353"]',
            )
            + """
            [[dial_plan.rules]]
            prefix = "7"
            add = "+1514555"
            [[dial_plan.names]]
            name = "BANK"
            uri = "sip:bank@example.net"
            [[directory]]
            number = "+1514"
            uri = "sip:{number}@example.net"
            """,
            {},
        )
        self.assertEqual("+1514555", config.dial_plan.rules[0].add)
        self.assertEqual("BANK", config.dial_plan.names[0].name)
        self.assertEqual("+1514", config.directory[0].number)


class Faults(SynchronousTestCase):
    """Each fault names its key."""

    def check(self, text: str, *expected: str) -> None:
        """The faults begin so."""
        found = faults_of(text)
        self.assertEqual(len(expected), len(found), found)
        for want, fault in zip(expected, found, strict=True):
            path, _, words = want.partition(": ")
            self.assertTrue(fault.startswith(f"{path}: "), (want, fault))
            self.assertIn(words, fault)

    def plan(self, lines: str, *expected: str) -> None:
        """The faults of lines in [dial_plan]."""
        self.check(least(dial_plan=lines), *expected)

    def test_forms(self) -> None:
        """Values that are none of their kind."""
        self.plan('international_prefix = "+"', "dial_plan.international_prefix: 5 dig")
        self.plan(
            'short_numbers = ["61", "611", "123456789", "6a1"]',
            "dial_plan.short_numbers[0]: 3 to 8 digits",
            "dial_plan.short_numbers[2]: 3 to 8 digits",
            "dial_plan.short_numbers[3]: 3 to 8 digits",
        )
        self.plan(
            "short_digits = [2, 3, 8, 9]",
            "dial_plan.short_digits[0]: 3",
            "dial_plan.short_digits[3]: 8",
        )
        self.plan("short_ton = 1", "dial_plan.short_ton: one of 0, 3, 6")
        self.plan("short_npi = 3", "dial_plan.short_npi: one of 0, 1, 8, 9")
        self.plan('alphanumeric = "x"', 'dial_plan.alphanumeric: "refuse", "sip"')
        self.plan('names_domain = "a b"', "dial_plan.names_domain: a domain name")
        self.plan(
            'phone_contexts = ["+", "a b"]',
            *[f"dial_plan.phone_contexts[{each}]: a domain name" for each in (0, 1)],
        )

    def test_rule(self) -> None:
        """A rule's own faults."""
        self.plan(
            '[[dial_plan.rules]]\nprefix = "x"\nadd = "1"\nstrip = 16\ndigits = 21',
            "dial_plan.rules[0].prefix: 15 digits",
            "dial_plan.rules[0].strip: 15",
            "dial_plan.rules[0].add: begins with",
            "dial_plan.rules[0].digits: 20",
        )
        self.plan(
            '[[dial_plan.rules]]\nprefix = "77"\nadd = "+1"\nstrip = 2\ndigits = 1',
            "dial_plan.rules[0].digits: less than the prefix",
            "dial_plan.rules[0].strip: more than the digits",
        )
        self.plan(
            '[[dial_plan.rules]]\nprefix = "7"', "dial_plan.rules[0].add: missing"
        )

    def test_rules(self) -> None:
        """The same prefix may stand there for another number of digits only."""
        rule = '[[dial_plan.rules]]\nprefix = "7"\nadd = "+1514555"\n'
        self.plan(rule + rule, "dial_plan.rules: '7' stands there twice")
        self.plan(rule + rule + "digits = 4")
        four = rule + "digits = 4\n"
        self.plan(four + four, "dial_plan.rules: '7' of 4 digits stands there twice")

    def test_emergency(self) -> None:
        """Emergency numbers are told, those of the country too."""
        self.plan(
            'short_numbers = ["611", "911", "112"]',
            "dial_plan.short_numbers: '911' is an emergency number",
            "dial_plan.short_numbers: '112' is an emergency number",
        )
        line = 'short_numbers = ["999"]'
        for country, count in (("GB", 1), ("CA", 0), ("", 1)):
            text = least(gateway=f'country = "{country}"', dial_plan=line)
            self.assertEqual(count, len(faults_of(text)), country)

    def test_emergency_rule(self) -> None:
        """A rule for an emergency number is told, one for longer digits is none."""
        rule = '[[dial_plan.rules]]\nprefix = "911"\nadd = "+15145550001"\nstrip = 3\n'
        self.plan(rule, "dial_plan.rules[0].prefix: '911' is an emergency number")
        self.plan(rule + "digits = 3", "dial_plan.rules[0].prefix: emergency")
        self.plan(rule + "digits = 4")

    def test_name(self) -> None:
        """A name that SMS has no room for, and a URI of nobody."""
        self.plan(
            '[[dial_plan.names]]\nname = "ABCDEFGHIJKL"\nuri = "tel:+1514"',
            "dial_plan.names[0].name: 1 to 11 characters",
            "dial_plan.names[0].uri: no SIP URI of a user",
        )
        long = "d" * 65
        self.plan(
            f'[[dial_plan.names]]\nname = "A"\nuri = "sip:a@h"\ndisplay = "{long}"',
            "dial_plan.names[0].display: 64",
        )
        self.plan(
            '[[dial_plan.names]]\nname = "911"\nuri = "sip:a@h"\n'
            '[[dial_plan.names]]\nname = "Anonymous"\nuri = "sip:b@h"',
            "dial_plan.names[0].name: with a letter",
            "dial_plan.names[1].name: who is hidden",
        )

    def test_display(self) -> None:
        """What is shown is one line, with nothing in it that is not seen."""
        named = '[[dial_plan.names]]\nname = "A"\nuri = "sip:a@h"\ndisplay = '
        for display in (r"My\r\nBank", r"My\u0000Bank", r"My\tBank"):
            self.plan(f'{named}"{display}"', "dial_plan.names[0].display: in one line")
        for display in (r"My\u202eBank", r"My\u200bBank", " My Bank"):
            self.plan(f'{named}"{display}"', "dial_plan.names[0].display: is shown as")
        self.plan(f'{named}"Ünï 名前"')

    def test_names(self) -> None:
        """A name has one user and a user one name, whatever their spelling."""
        self.plan(
            '[[dial_plan.names]]\nname = "A"\nuri = "sip:a@h"\n'
            '[[dial_plan.names]]\nname = "a"\nuri = "sips:%61@H"\n',
            "dial_plan.names: 'a' stands there twice",
            "dial_plan.names: 'a@h' stands there twice",
        )

    def test_directory(self) -> None:
        """A number once for itself and once as a beginning, with URIs of users."""
        exact = '[[directory]]\nnumber = "+15145550001"\nuri = "sip:a@h"\n'
        begins = '[[directory]]\nnumber = "+15145550001"\nuri = "sip:{number}@h"\n'
        self.check(least() + exact + begins)
        self.check(least() + exact * 2, "directory: stands there twice")
        self.check(least() + begins * 2, "directory: stands there twice")
        self.check(
            least() + '[[directory]]\nnumber = "1514"\nuri = "x"',
            "directory[0].number: + and the digits",
        )
        self.check(
            least() + '[[directory]]\nnumber = "+1514"\nuri = "sip:h"',
            "directory[0].uri: no SIP URI of a user",
            'directory[0].number: whole number where the URI has no "{number}"',
        )

    def test_directory_of_others(self) -> None:
        """A URI is of its entry's number, and has nothing that is not the user's."""
        for uri, fault in (
            ("sip:+15145559911@h;user=phone", "another's"),
            ("sip:+15145559911@h", "another's"),
            ("sip:911@h;user=phone", "another's, or that of an emergency number"),
            ("sip:911@h", "another's, or that of an emergency number"),
            ("sip:a@h;nccsid=MMS", "nccsid"),
            ("sip:a@h;maddr=192.0.2.1", "maddr"),
            ("sip:a@h;Method=INVITE", "method"),
            ("sip:a@h;ttl=1", "ttl"),
        ):
            entry = f'[[directory]]\nnumber = "+15145550001"\nuri = "{uri}"\n'
            with self.subTest(uri=uri):
                self.check(least() + entry, f"directory[0].uri: {fault}")
        for number, uri in (
            ("+15145550001", "sip:+15145550001@h;user=phone"),
            ("+1514", "sip:{number}@h;user=phone"),
        ):
            self.check(least() + f'[[directory]]\nnumber = "{number}"\nuri = "{uri}"\n')
        self.check(
            least() + '[[directory]]\nnumber = "+1514"\n'
            'uri = "sip:0{number}@h;user=phone"\n',
            "directory[0].uri: another's",
        )

    def test_enum(self) -> None:
        """Suffix, servers, and numbers that are none."""
        self.check(
            least(enum='suffix = "a..b"\nservers = ["localhost"]\ntimeout = 0.0'),
            "enum.suffix: a domain name",
            "enum.servers: 'localhost' is no address",
            "enum.timeout: 0",
        )
        self.check(least(enum="cache = 0"), "enum.cache: 1")
        self.check(least(enum="max_ttl = -1.0"), "enum.max_ttl: not be negative")

    def test_longest_suffix(self) -> None:
        """A suffix leaves room for a number in a domain name (RFC 1035 2.3.4)."""
        longest = ".".join(["a" * 54] * 4)
        self.check(least(enum=f'suffix = "{longest}a"'))
        self.check(least(enum=f'suffix = "{longest}aa"'), "enum.suffix: 220")


class Limits(SynchronousTestCase):
    """How many there may be, at the limit and past it."""

    def test_rules(self) -> None:
        """Rules."""
        made = tuple(
            DialRule(prefix=str(each), add="+1") for each in range(MOST_RULES + 1)
        )
        self.assertEqual([], list(faults_of_rules(made[1:])))
        self.assertEqual(1, len(list(faults_of_rules(made))))

    def test_short_numbers(self) -> None:
        """Short numbers."""
        made = tuple(str(10**5 + each) for each in range(MOST_SHORT_NUMBERS + 1))
        self.assertEqual([], list(faults_of_short_numbers(made[1:])))
        self.assertEqual(1, len(list(faults_of_short_numbers(made))))

    def test_names(self) -> None:
        """Names."""
        user = NamedUser(name="", uri="")
        made = tuple(
            msgspec.structs.replace(user, name=str(each), uri=f"sip:{each}@h")
            for each in range(MOST_NAMES + 1)
        )
        self.assertEqual([], list(faults_of_names(made[1:])))
        self.assertEqual(1, len(list(faults_of_names(made))))

    def test_directory(self) -> None:
        """Entries of the directory."""
        made = tuple(
            DirectoryEntry(number=f"+1{each}", uri="sip:{number}@h")
            for each in range(MOST_ENTRIES + 1)
        )
        self.assertEqual([], list(faults_of_directory(made[1:])))
        self.assertEqual(1, len(list(faults_of_directory(made))))
