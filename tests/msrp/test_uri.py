"""MSRP URIs: what is one, and when two are the same (RFC 4975 6)."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.msrp.errors import MsrpSyntaxError
from cpmgw.msrp.uri import LONGEST, MsrpUri, parse_uri, same_path

SESSION_IDS = st.from_regex(r"[A-Za-z0-9._~+=/-]{1,40}", fullmatch=True)
HOSTS = st.one_of(
    st.from_regex(
        r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z0-9]{1,8}){0,2}", fullmatch=True
    ),
    st.ip_addresses().map(str),
)


class Grammar(SynchronousTestCase):
    def test_parts(self) -> None:
        """Scheme, host, port, session-id, transport and parameters (RFC 4975 9)."""
        uri = parse_uri("msrps://a.example.net:9/ab/c=+;tcp;x=1;y")
        self.assertTrue(uri.secure)
        self.assertEqual(uri.address, ("a.example.net", 9))
        self.assertEqual((uri.session_id, uri.transport), ("ab/c=+", "tcp"))
        self.assertEqual(uri.parameters, ";x=1;y")

    def test_least(self) -> None:
        """A relay's own URI has no session-id; the port is then 2855."""
        uri = parse_uri("msrp://relay;tcp")
        self.assertEqual((uri.session_id, uri.port), ("", None))
        self.assertEqual(uri.address, ("relay", 2855))

    def test_ipv6(self) -> None:
        """An IPv6 address stands in brackets, and is connected to without."""
        uri = parse_uri("msrp://[2001:db8::1]:9/s;tcp")
        self.assertEqual(uri.address, ("2001:db8::1", 9))
        self.assertEqual(str(uri), "msrp://[2001:db8::1]:9/s;tcp")

    def test_userinfo(self) -> None:
        """Who is before an @ is nothing that counts (RFC 4975 6.1)."""
        self.assertEqual(
            parse_uri("msrp://bob@h:1/s;tcp").key, parse_uri("msrp://h:1/s;tcp").key
        )

    def test_none(self) -> None:
        """What breaks the grammar is refused."""
        for text in (
            "",
            "msrp://h:1/s",
            "msrp://h:1/s;",
            "sip:h;tcp",
            "msrp://:1/s;tcp",
            "msrp://h:0/s;tcp",
            "msrp://h:65536/s;tcp",
            "msrp://h:123456/s;tcp",
            "msrp://h:1/s s;tcp",
            "msrp://h:1/s;tcp\r\n",
            "msrp://h:1/s;tcp;=1",
            "msrp://[::1/s;tcp",
            "msrp://h:1/\u00e9;tcp",
        ):
            self.assertRaises(MsrpSyntaxError, parse_uri, text)

    def test_longest(self) -> None:
        """A URI has a largest length."""
        head, tail = "msrp://h:1/", ";tcp"
        room = LONGEST - len(head) - len(tail)
        self.assertEqual(len(parse_uri(head + "s" * room + tail).session_id), room)
        text = head + "s" * (room + 1) + tail
        self.assertRaises(MsrpSyntaxError, parse_uri, text)

    @given(HOSTS, SESSION_IDS, st.none() | st.integers(1, 65535), st.booleans())
    def test_round_trip(
        self, host: str, session_id: str, port: int | None, secure: bool
    ) -> None:
        """What is written is read as it was."""
        uri = MsrpUri(host=host, session_id=session_id, port=port, secure=secure)
        self.assertEqual(parse_uri(str(uri)), uri)

    @given(st.text(max_size=60))
    def test_any_text(self, text: str) -> None:
        """Any text is a URI or is refused."""
        with contextlib.suppress(MsrpSyntaxError):
            parse_uri(text)


class Sameness(SynchronousTestCase):
    def test_same(self) -> None:
        """Scheme, host and transport count without their case, addresses by value."""
        one = "msrp://Host.example:1/Id;tcp"
        for other in (
            "MSRP://hOST.example:1/Id;TCP",
            "msrp://host.example:1/Id;tcp;x=1",
        ):
            self.assertTrue(same_path([one], [other]), other)
        self.assertTrue(
            same_path(["msrp://[::1]:1/s;tcp"], ["msrp://[0:0::1]:1/s;tcp"])
        )

    def test_different(self) -> None:
        """The session-id counts with its case, a port only where both have it."""
        one = "msrp://h:2855/Id;tcp"
        for other in (
            "msrps://h:2855/Id;tcp",
            "msrp://g:2855/Id;tcp",
            "msrp://h:2856/Id;tcp",
            "msrp://h/Id;tcp",
            "msrp://h:2855/id;tcp",
            "msrp://h:2855;tcp",
            "msrp://h:2855/Id;sctp",
        ):
            self.assertFalse(same_path([one], [other]), other)

    def test_length(self) -> None:
        """Paths are compared as a whole."""
        one = "msrp://h:1/s;tcp"
        self.assertFalse(same_path([one], [one, one]))
        self.assertTrue(same_path([one, one], [one, one]))
