"""Tests of cpmgw.addressing.own."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.own import own_names
from cpmgw.sip.uri import parse_uri

OWN = own_names(
    ("ims.example.net", "", "192.0.2.1", "2001:db8::1"),
    parse_uri("sip:CPM-IWF@gw.example.net"),
)


class OwnNameTests(SynchronousTestCase):
    """Which URIs name the gateway, and nobody behind it."""

    def test_own(self) -> None:
        """One of its hosts, with no user or with its own."""
        for text in (
            "sip:ims.example.net",
            "sips:IMS.example.net:5061;lr",
            "sip:192.0.2.1:5060",
            "sip:[2001:db8::1]",
            "sip:gw.example.net",
            "sip:CPM-IWF@gw.example.net",
            "sip:CPM%2DIWF@ims.example.net",
        ):
            self.assertTrue(OWN.has(parse_uri(text)), text)

    def test_others(self) -> None:
        """Another host, another user, and URIs that are no SIP ones."""
        for text in (
            "sip:example.net",
            "sip:CPM-IWF@example.net",
            "sip:alice@ims.example.net",
            "sip:911@ims.example.net",
            "sip:cpm-iwf@gw.example.net",
            "tel:+15145550001",
            "mailto:CPM-IWF@gw.example.net",
            "urn:service:sos",
        ):
            self.assertFalse(OWN.has(parse_uri(text)), text)

    def test_no_user(self) -> None:
        """An address without a user gives the gateway none."""
        for address in ("sip:gw.example.net", "tel:+15145550001"):
            own = own_names(("ims.example.net",), parse_uri(address))
            self.assertTrue(own.has(parse_uri("sip:ims.example.net")))
            self.assertFalse(own.has(parse_uri("sip:a@ims.example.net")))
