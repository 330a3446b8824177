"""Tests of cpmgw.mm4.addresses."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.mm4.addresses import (
    Address,
    AddressKind,
    number_of,
    plmn,
    read_address,
    read_addresses,
    system_address,
)
from cpmgw.mm4.errors import Mm4Error

PLMN = AddressKind.PLMN


class Writing(SynchronousTestCase):
    """Addresses of ours (TS 23.140 8.4.5)."""

    def test_number(self) -> None:
        """A number has the type PLMN, and the domain of its relay."""
        self.assertEqual(plmn("+15550100", "mms.test"), "+15550100/TYPE=PLMN@mms.test")
        self.assertEqual(plmn("4711", "mms.test"), "4711/TYPE=PLMN@mms.test")

    def test_system(self) -> None:
        """The address of a relay is that of its system-user."""
        self.assertEqual(system_address("mm4.test"), "system-user@mm4.test")

    def test_neither(self) -> None:
        """No number, no domain, or line ends in them: no address."""
        for number, domain in (
            ("", "mms.test"),
            ("bob", "mms.test"),
            ("+1555\r\n", "mms.test"),
            ("+" + "1" * 21, "mms.test"),
            ("+15550100", ""),
            ("+15550100", "mms.test\r\nX: y"),
        ):
            self.assertRaises(Mm4Error, plmn, number, domain)
        self.assertRaises(Mm4Error, system_address, "a b")


class Reading(SynchronousTestCase):
    """Addresses of peers."""

    def test_forms(self) -> None:
        """Whatever is around it: the same number."""
        for text in (
            "+15550100/TYPE=PLMN@mms.test",
            "+15550100/type=plmn@mms.test",
            "<+15550100/TYPE=PLMN@mms.test>",
            "Alice <+15550100/TYPE=PLMN@mms.test>",
            '"Doe, Alice <x@y>" <+15550100/TYPE=PLMN@mms.test>',
            "=?utf-8?B?w4Q=?= <+15550100/Type=PLMN@mms.test>",
            '"+15550100/TYPE=PLMN"@mms.test',
            "(a (nested) comment) +15550100/TYPE=PLMN@mms.test (more)",
            "+1 (555) 0100/TYPE=PLMN@mms.test",
            "+1-555-0100 / TYPE = PLMN @ mms.test.",
            "+15550100/TYPE=PLMN/TYPE=PLMN@mms.test",
            "+15550100@mms.test",
        ):
            if "(555)" in text:
                text = f'"{text.partition("@")[0]}"@mms.test'
            address = read_address(text)
            self.assertEqual(address, Address(PLMN, "+15550100", "mms.test"), text)
            self.assertEqual(address.text, "+15550100/TYPE=PLMN@mms.test")

    def test_without_domain(self) -> None:
        """A number without a domain is one, typed or not."""
        for text in ("4711/TYPE=PLMN", "4711", "<4711>"):
            self.assertEqual(read_address(text), Address(PLMN, "4711"))
        self.assertEqual(read_address("4711").text, "4711/TYPE=PLMN")

    def test_others(self) -> None:
        """IP addresses, mail addresses, types that nobody knows."""
        for text, kind, value in (
            ("192.0.2.1/TYPE=IPv4@mms.test", AddressKind.IPV4, "192.0.2.1"),
            ("2001:db8::1/type=ipv6@mms.test", AddressKind.IPV6, "2001:db8::1"),
            ("alice@mms.test", AddressKind.EMAIL, "alice"),
            ("15550100@mms.test", AddressKind.EMAIL, "15550100"),
            ("x/TYPE=WINA@mms.test", AddressKind.OTHER, "x/TYPE=WINA"),
            ("bob/TYPE=PLMN@mms.test", AddressKind.OTHER, "bob/TYPE=PLMN"),
        ):
            address = read_address(text)
            self.assertEqual((address.kind, address.value), (kind, value))
            self.assertEqual(read_address(address.text), address)

    def test_none(self) -> None:
        """Nothing, control characters, spaces: no address."""
        for text in (
            "",
            "<>",
            "@mms.test",
            "a b@mms.test",
            "a\r\nb@mms.test",
            "a@b c",
            "a@\x00",
            "é@mms.test",
            "undisclosed-recipients:",
            "/TYPE=IPv4",
        ):
            self.assertRaises(Mm4Error, read_address, text)

    def test_length(self) -> None:
        """320 characters with the @, not one more."""
        longest = "a" * 311 + "@" + "mms.test"
        self.assertEqual(read_address(longest).text, longest)
        self.assertRaises(Mm4Error, read_address, "a" + longest)
        self.assertRaises(Mm4Error, read_address, "(" * 5_000)

    def test_digits_in_parentheses(self) -> None:
        """Digits in parentheses beside other digits are of the number, no comment."""
        for text in (
            "+1 (555) 123/TYPE=PLMN@a.b",
            "Bob (1) <+1 (555) 123/TYPE=PLMN@a.b> (2)",
            '"+1 (555) 123/TYPE=PLMN"@a.b',
            "(+1) 555-123/TYPE=PLMN@a.b",
            "+1(0)555 123/TYPE=PLMN@a.b",
            '"+1 (0) 555 123/TYPE=PLMN"@a.b',
            "+1555123 (Bob 7)/TYPE=PLMN@a.b",
            "+1555123/TYPE=PLMN@a.b (9)",
        ):
            self.assertEqual(read_address(text), Address(PLMN, "+1555123", "a.b"), text)
        self.assertEqual(number_of("(555) 123"), "555123")
        self.assertEqual(number_of("+1555123 (2)"), "+1555123")
        self.assertEqual(number_of("(1" + "2" * 21 + ") 3"), "3")

    def test_groups(self) -> None:
        """The name of a group is none of an address, and takes none away."""
        found = read_addresses(
            (
                "we: +1555/TYPE=PLMN@a.b, Al <+1556/TYPE=PLMN@a.b>;",
                '"A: B": 4711;',
            ),
            9,
        )
        self.assertEqual([each.value for each in found], ["+1555", "+1556", "4711"])
        for text in ("2001:db8::1/TYPE=IPv6@a.b", "cafe::1/type=IPV6"):
            self.assertIs(read_address(text).kind, AddressKind.IPV6)
        for text in ("12:30", "a@b:c", "a/b:c@d", f"{'a' * 201}:1"):
            self.assertRaises(Mm4Error, read_address, text)

    def test_route(self) -> None:
        """A route before an address is passed over (RFC 5322 4.4)."""
        for text in ("<@relay.x:+1555/TYPE=PLMN@a.b>", "<@x,@y.z:+1555/TYPE=PLMN@a.b>"):
            (found,) = read_addresses((text,), 1)
            self.assertEqual(found, Address(PLMN, "+1555", "a.b"))
        self.assertRaises(Mm4Error, read_address, f"<@{'x' * 501}:+1555>")

    def test_number_of(self) -> None:
        """The number of what has one, and of nothing else."""
        self.assertEqual(number_of("Al <+15550100/TYPE=PLMN@x.test>"), "+15550100")
        self.assertEqual(number_of("4711/TYPE=PLMN@x.test"), "4711")
        self.assertEqual(number_of("alice@x.test"), "")
        self.assertEqual(number_of("\r\n"), "")

    def test_lists(self) -> None:
        """A list is split at commas outside of names, quotes and comments."""
        found = read_addresses(
            (
                '"A, B" <1/TYPE=PLMN@x>, (c, d) 2/TYPE=PLMN@x,,',
                "undisclosed-recipients:;, 3/TYPE=PLMN@x; 4",
            ),
            4,
        )
        self.assertEqual([each.value for each in found], ["1", "2", "3", "4"])

    def test_list_limit(self) -> None:
        """As many addresses as allowed, not one more."""
        text = ",".join(["1/TYPE=PLMN@x"] * 5)
        self.assertEqual(len(read_addresses((text,), 5)), 5)
        self.assertRaises(Mm4Error, read_addresses, (text,), 4)

    @given(st.text(max_size=60))
    @settings(max_examples=300)
    def test_any_text(self, text: str) -> None:
        """Any text is an address that reads the same again, or none."""
        try:
            address = read_address(text)
        except Mm4Error:
            return
        self.assertEqual(read_address(address.text), address)
        self.assertTrue(address.text.isascii() and address.text.isprintable())
