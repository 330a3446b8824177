"""Tests of cpmgw.addressing.servers."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.servers import parse_server


class ServerTests(SynchronousTestCase):
    """[enum] servers."""

    def test_addresses(self) -> None:
        """IPv4, and IPv6 in brackets, with or without port."""
        for text, expected in (
            ("192.0.2.1", ("192.0.2.1", 53)),
            ("192.0.2.1:5353", ("192.0.2.1", 5353)),
            ("[2001:DB8::1]", ("2001:db8::1", 53)),
            ("[::1]:5353", ("::1", 5353)),
        ):
            self.assertEqual(expected, parse_server(text))

    def test_port_limits(self) -> None:
        """A port is from 1 to 65535."""
        self.assertEqual(65535, parse_server("192.0.2.1:65535")[1])
        for text in ("192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:"):
            self.assertRaises(ValueError, parse_server, text)

    def test_others(self) -> None:
        """No names, no addresses out of range, no IPv6 without brackets."""
        for text in ("", "localhost", "192.0.2.256", "::1", "[::g]", "[192.0.2]", "[]"):
            self.assertRaises(ValueError, parse_server, text)
