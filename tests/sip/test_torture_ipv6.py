"""Every message class of RFC 5118: IPv6 addresses in SIP."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.message import Request
from cpmgw.sip.parser import Limits, parse_datagram
from cpmgw.sip.uri import SipUri, equivalent, parse_uri
from tests.sip.torture import ipv6

LIMITS = Limits()


class Ipv6Tests(SynchronousTestCase):
    def request(self, octets: bytes) -> Request:
        message = parse_datagram(octets, LIMITS)
        assert isinstance(message, Request)
        return message

    def target(self, octets: bytes) -> tuple[str, int | None]:
        uri = self.request(octets).uri
        assert isinstance(uri, SipUri)
        return uri.host, uri.port

    def test_4_1_valid_reference(self) -> None:
        """References in Request-URI, Via and Contact are read (RFC 5118 4.1)."""
        request = self.request(ipv6.GOOD)
        self.assertEqual(self.target(ipv6.GOOD), ("[2001:db8::20]", None))
        self.assertEqual(request.via.host, "[2001:db8::9:2]")
        (contact,) = request.headers.addresses("Contact")
        self.assertEqual(str(contact.uri), "sip:caller@[2001:db8::2]")

    def test_4_2_address_without_brackets(self) -> None:
        """400 (RFC 5118 4.2)."""
        error = self.assertRaises(
            SipSyntaxError, parse_datagram, ipv6.UNBRACKETED, LIMITS
        )
        assert isinstance(error, SipSyntaxError)
        self.assertEqual(error.status, 400)
        self.assertIsNotNone(error.answer)

    def test_4_3_port_ambiguous(self) -> None:
        """What looks like a port inside the brackets is none (RFC 5118 4.3)."""
        self.assertEqual(
            self.target(ipv6.PORT_AMBIGUOUS), ("[2001:db8::20:5070]", None)
        )

    def test_4_4_port_unambiguous(self) -> None:
        """The port stands after the bracket (RFC 5118 4.4)."""
        self.assertEqual(self.target(ipv6.PORT_UNAMBIGUOUS), ("[2001:db8::20]", 5070))

    def test_4_5_received_with_brackets(self) -> None:
        """Brackets in `received`, which are not in the grammar, are taken (4.5)."""
        via = self.request(ipv6.RECEIVED_BRACKETED).via
        self.assertEqual(via.parameter("received"), "[2001:db8::9:255]")
        self.assertEqual(via.branch, "z9hG4bKv6-1")

    def test_4_5_received_without_brackets(self) -> None:
        """A bare address in `received` is the rule (RFC 5118 4.5)."""
        via = self.request(ipv6.RECEIVED_BARE).via
        self.assertEqual(via.parameter("received"), "2001:db8::9:255")
        self.assertEqual(via.branch, "z9hG4bKv6-1")

    def test_4_6_addresses_in_sdp(self) -> None:
        """SDP has its addresses without brackets, untouched (RFC 5118 4.6)."""
        request = self.request(ipv6.IN_SDP)
        self.assertEqual(request.body, ipv6.SDP)

    def test_4_7_mixed_addresses_in_headers(self) -> None:
        """IPv4 and IPv6 hops stand side by side (RFC 5118 4.7)."""
        vias = self.request(ipv6.MIXED_VIAS).vias
        self.assertEqual(
            [(via.host, via.port) for via in vias],
            [
                ("[2001:db8::9:1]", 6050),
                ("192.0.2.1", None),
                ("[2001:db8::9:255]", None),
            ],
        )
        self.assertEqual(vias[2].parameter("received"), "192.0.2.200")

    def test_4_8_mixed_addresses_in_sdp(self) -> None:
        """SDP with both kinds is a body like others (RFC 5118 4.8)."""
        request = self.request(ipv6.MIXED_SDP)
        self.assertIn(b"IN IP6 2001:db8::1", request.body)

    def test_4_9_mapped_addresses(self) -> None:
        """IPv4-mapped references are read, with their ports (RFC 5118 4.9)."""
        request = self.request(ipv6.MAPPED)
        self.assertEqual(
            [(via.host, via.port) for via in request.vias],
            [("[::ffff:192.0.2.10]", 19823), ("[::ffff:192.0.2.2]", None)],
        )

    def test_4_10_three_colons(self) -> None:
        """The colon too many of RFC 3261's grammar is left out (RFC 5118 4.10)."""
        self.assertEqual(
            self.target(ipv6.THREE_COLONS), ("[2001:db8::192.0.2.1]", None)
        )
        self.assertEqual(self.target(ipv6.TWO_COLONS), self.target(ipv6.THREE_COLONS))

    def test_no_address_in_brackets(self) -> None:
        """What is no IPv6 address is refused (RFC 3261 25.1 IPv6reference)."""
        for text in ("sip:[::1::]", "sip:[1:2]", "sip:[]", "sip:[12345::]", "sip:[::1"):
            self.assertRaises(SipSyntaxError, parse_uri, text)

    def test_same_address_written_otherwise(self) -> None:
        """URIs are compared by address, not by its spelling (RFC 5118 4)."""
        self.assertTrue(
            equivalent(parse_uri("sip:[2001:DB8:0::1]"), parse_uri("sip:[2001:db8::1]"))
        )
