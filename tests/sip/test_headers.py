"""Header fields, lists, and the values with parts (RFC 3261 7.3, 20, 25.1)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip import grammar
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.headers import (
    CSeq,
    Headers,
    NameAddr,
    Valued,
    Via,
    parse_cseq,
    parse_name_addr,
    parse_parameters,
    parse_valued,
    parse_via,
)
from cpmgw.sip.names import COMPACT
from cpmgw.sip.uri import SipUri
from tests.sip.test_uri import URIS

_TOKENS = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=8)
_LINE = st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"])
_VALUES = _TOKENS | st.text(_LINE, max_size=10).map(grammar.quote)
_PARAMETERS = st.lists(st.tuples(_TOKENS, st.none() | _VALUES), max_size=3).map(tuple)


class HeadersTests(SynchronousTestCase):
    headers = Headers(
        [
            ("v", 'SIP/2.0/UDP a;x="1,2", SIP/2.0/TCP b'),
            ("VIA", "SIP/2.0/TLS c"),
            ("Subject", "one, two"),
            ("Contact", '"A, B" <sip:a,b@c>, <sip:d@e>;q=1'),
            ("Supported", ""),
        ]
    )

    def test_lists_are_split_at_top_level_commas(self) -> None:
        """Several lines and commas mean the same (RFC 3261 7.3.1)."""
        self.assertEqual(
            self.headers.all("Via"),
            ['SIP/2.0/UDP a;x="1,2"', "SIP/2.0/TCP b", "SIP/2.0/TLS c"],
        )
        self.assertEqual(self.headers.all("m"), ['"A, B" <sip:a,b@c>', "<sip:d@e>;q=1"])
        self.assertEqual(self.headers.get("via"), 'SIP/2.0/UDP a;x="1,2"')

    def test_other_values_keep_their_commas(self) -> None:
        """A header that is no list is one value."""
        self.assertEqual(self.headers.all("Subject"), ["one, two"])
        self.assertEqual(self.headers.get("s"), "one, two")

    def test_raw_lines(self) -> None:
        """Lines are given as they came, and a caller's list is its own."""
        self.assertEqual(len(self.headers.raw("Via")), 2)
        self.headers.raw("Via").clear()
        self.assertEqual(len(self.headers.raw("v")), 2)

    def test_absent_and_empty(self) -> None:
        """An empty list header is there, but has no value (RFC 3261 20.37)."""
        self.assertIn("k", self.headers)
        self.assertIsNone(self.headers.get("Supported"))
        self.assertEqual(self.headers.all("Supported"), [])
        self.assertNotIn("Route", self.headers)
        self.assertIsNone(self.headers.get("Route"))
        self.assertEqual(self.headers.raw("Route"), [])

    def test_every_compact_form(self) -> None:
        """Each short name, in either case, is its long one (RFC 3261 7.3.3)."""
        for short, long in COMPACT.items():
            for spelling in (short, short.upper()):
                headers = Headers([(spelling, "x")])
                self.assertEqual(headers.get(long), "x", long)
                self.assertEqual(Headers([(long, "x")]), headers)
                self.assertEqual(hash(Headers([(long, "x")])), hash(headers))

    def test_the_first_value_needs_no_other_line(self) -> None:
        """What stands below does not spoil the topmost Via."""
        headers = Headers([("Via", ""), ("Via", "a, b"), ("Via", 'c, "')])
        self.assertEqual(headers.get("Via"), "a")

    def test_unterminated_parts_are_refused(self) -> None:
        """A comma after an open quote or bracket cannot be judged."""
        for value in ('a, "b', "a, <sip:b"):
            headers = Headers([("Contact", value)])
            self.assertRaises(SipSyntaxError, headers.all, "Contact")

    def test_changes_make_new_headers(self) -> None:
        """Each change gives another value and keeps the order of the rest."""
        headers = Headers([("A", "1"), ("b", "2"), ("a", "3")])
        self.assertEqual(list(headers.with_added("c", "4"))[-1], ("c", "4"))
        self.assertEqual(next(iter(headers.with_first("c", "4"))), ("c", "4"))
        self.assertEqual(
            list(headers.with_replaced("a", "9")), [("a", "9"), ("b", "2")]
        )
        self.assertEqual(list(headers.with_replaced("d", "9"))[-1], ("d", "9"))
        self.assertEqual(list(headers.without("a")), [("b", "2")])
        self.assertEqual(len(headers), 3)

    def test_topmost_value_of_a_list(self) -> None:
        """The first of several values on one line is replaced or taken away."""
        headers = Headers([("X", "0"), ("Via", "a, b"), ("Via", "c")])
        self.assertEqual(
            headers.with_first_replaced("v", "z").raw("Via"), ["z, b", "c"]
        )
        once = headers.without_first("Via")
        self.assertEqual(once.raw("Via"), ["b", "c"])
        self.assertEqual(once.without_first("Via").raw("Via"), ["c"])
        empty = once.without_first("Via").without_first("Via")
        self.assertNotIn("Via", empty)
        self.assertEqual(empty.without_first("Via"), empty)
        self.assertEqual(empty.with_first_replaced("Via", "n").raw("Via"), ["n"])

    def test_repr_shows_no_values(self) -> None:
        """What users wrote stays out of logs."""
        self.assertEqual(repr(Headers([("Subject", "secret")])), "Headers(Subject)")

    def test_compared_with_something_else(self) -> None:
        """Headers are no tuple."""
        self.assertNotEqual(Headers(), ())


class NameAddrTests(SynchronousTestCase):
    def test_forms(self) -> None:
        """name-addr and addr-spec, quoted and bare names (RFC 3261 20.10)."""
        for text, name, uri, tag in (
            ("sip:a@b;tag=1", "", "sip:a@b", "1"),
            ("<sip:a@b;x=y>;tag=1", "", "sip:a@b;x=y", "1"),
            ("Ada Byron <sip:a@b>", "Ada Byron", "sip:a@b", None),
            ('"Ada \\"B\\"" <sip:a@b> ; TAG = 1', 'Ada "B"', "sip:a@b", "1"),
            ("Zoë <tel:+1>", "Zoë", "tel:+1", None),
            ('"" <sip:a@b>', "", "sip:a@b", None),
            ('"a <b>, c" <sip:a@b>', "a <b>, c", "sip:a@b", None),
        ):
            read = parse_name_addr(text)
            self.assertEqual(
                (read.display_name, str(read.uri), read.tag), (name, uri, tag)
            )

    def test_refused(self) -> None:
        """Each broken form is a SipSyntaxError (RFC 4475 3.1.2.6, .13, .15)."""
        for text in (
            "",
            "<>",
            "<sip:a@b",
            '"a <sip:a@b>',
            '"a" b <sip:a@b>',
            '"a" sip:a@b',
            "a, b <sip:a@b>",
            "sip:a@b?x=y",
            "sip:a,b@c",
            "<sip:a@b>x",
            "<sip:a@b>;",
            "<sip:a@b>;x=",
            '<sip:a@b>;x="',
            "<sip:a@b>;x y",
            "<sip:a@b>;;x",
        ):
            self.assertRaises(SipSyntaxError, parse_name_addr, text)

    def test_parameters(self) -> None:
        """Values are quoted when they must be, and read without quotes."""
        address = NameAddr(SipUri("sip", None, "h"))
        quoted = address.with_parameter("+sip.instance", "<urn:uuid:1>")
        self.assertEqual(str(quoted), '<sip:h>;+sip.instance="<urn:uuid:1>"')
        self.assertEqual(quoted.parameter("+sip.instance"), "<urn:uuid:1>")
        self.assertEqual(str(address.with_parameter("tag", "x1")), "<sip:h>;tag=x1")
        self.assertEqual(
            address.with_parameter("tag", "x").without_parameter("TAG"), address
        )
        self.assertTrue(quoted.has("+sip.instance"))

    @given(st.builds(NameAddr, URIS, st.text(_LINE, max_size=15), _PARAMETERS))
    @settings(deadline=None, max_examples=100)
    def test_round_trip(self, address: NameAddr) -> None:
        """Writing and parsing give the same value."""
        self.assertEqual(parse_name_addr(str(address)), address)
        (alone,) = grammar.split_list(str(address))
        self.assertEqual(alone, str(address))


class ViaTests(SynchronousTestCase):
    def test_plain(self) -> None:
        """Each part of a Via is found (RFC 3261 20.42)."""
        via = parse_via("SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKx;rport")
        self.assertEqual((via.transport, via.host, via.port), ("UDP", "10.0.0.1", 5060))
        self.assertEqual(via.branch, "z9hG4bKx")
        self.assertTrue(via.has_cookie)
        self.assertEqual(via.parameter("rport"), "")
        self.assertTrue(via.has("rport"))

    def test_received_and_rport(self) -> None:
        """rport gets its value in its place, received is added (RFC 3581 4)."""
        via = parse_via("SIP/2.0/UDP h;rport;branch=z9hG4bKx")
        answered = via.with_parameter("rport", "9988").with_parameter("received", "::1")
        self.assertEqual(
            str(answered), "SIP/2.0/UDP h;rport=9988;branch=z9hG4bKx;received=::1"
        )
        self.assertEqual(parse_via(str(answered)).parameter("received"), "::1")

    def test_refused(self) -> None:
        """Each broken form is a SipSyntaxError."""
        for text in (
            "",
            "SIP/2.0/UDP",
            "SIP/2.0 UDP h",
            "SIP/3.0/UDP h",
            "HTTP/1.1/TCP h",
            "SIP/2.0/UDP h:",
            "SIP/2.0/UDP h:65536",
            "SIP/2.0/UDP h:x",
            "SIP/2.0/UDP h i",
            "SIP/2.0/UDP h;",
            "SIP/2.0/UDP [::1",
            "SIP/2.0/UDP [1]",
        ):
            self.assertRaises(SipSyntaxError, parse_via, text)

    @given(
        st.builds(
            Via,
            st.sampled_from(["UDP", "TCP", "TLS", "X-1"]),
            st.sampled_from(["h.example", "192.0.2.1", "[2001:db8::1]"]),
            st.none() | st.integers(0, 65535),
            _PARAMETERS,
        )
    )
    @settings(deadline=None, max_examples=100)
    def test_round_trip(self, via: Via) -> None:
        """Writing and parsing give the same value."""
        self.assertEqual(parse_via(str(via)), via)


class CSeqTests(SynchronousTestCase):
    def test_limits(self) -> None:
        """The number is below 2**31 (RFC 3261 8.1.1.5); leading zeros do not count."""
        self.assertEqual(parse_cseq("2147483647 INVITE"), CSeq(2**31 - 1, "INVITE"))
        self.assertEqual(parse_cseq("00000000000001\t \tX").number, 1)
        self.assertEqual(str(CSeq(1, "X")), "1 X")
        for text in ("2147483648 X", "-1 X", "1", "X", "", "1 X Y", "१ X", "1.0 X"):
            self.assertRaises(SipSyntaxError, parse_cseq, text)
        self.assertRaises(SipSyntaxError, parse_cseq, "9" * 100_000 + " X")


class ValuedTests(SynchronousTestCase):
    def test_round_trip(self) -> None:
        """A value and its parameters, quoted ones read as text."""
        text = '*;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp";require'
        read = parse_valued(text)
        self.assertEqual(str(read), text)
        self.assertEqual(read.value, "*")
        self.assertEqual(read.parameter("+g.3gpp.icsi-ref"), "urn%3Aurn-7%3A3gpp")
        self.assertTrue(read.has("require"))
        self.assertEqual(parse_valued(" text/plain "), Valued("text/plain"))


class GrammarTests(SynchronousTestCase):
    def test_parameters_in_linear_time(self) -> None:
        """A long row of parameters, or of quotes, is read once."""
        self.assertEqual(len(parse_parameters(";a=b" * 20_000)), 20_000)
        self.assertRaises(SipSyntaxError, parse_parameters, ';a="' + '\\"' * 50_000)

    def test_empty_members_fall_out(self) -> None:
        """A list may have commas too many; they mean nothing."""
        self.assertEqual(grammar.split_list(" a,, b ,"), ["a", "b"])
        self.assertEqual(grammar.split_list('"x",, <y>'), ['"x"', "<y>"])

    @given(st.text(_LINE, max_size=30))
    @settings(deadline=None, max_examples=100)
    def test_quoting(self, text: str) -> None:
        """Any text of one line can be quoted, and comes back (RFC 3261 25.1)."""
        quoted = grammar.quote(text)
        self.assertEqual(grammar.unquote(quoted), text)
        self.assertEqual(grammar.quoted_end(quoted), len(quoted))

    def test_unquoting_what_is_not_quoted(self) -> None:
        """Other text is left as it is."""
        self.assertEqual(grammar.unquote("x"), "x")
        self.assertEqual(grammar.unquote('"'), '"')
