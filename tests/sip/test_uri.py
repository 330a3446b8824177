"""URIs: both directions, comparison, and what is refused (RFC 3261 19.1, RFC 3966)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.uri import (
    AbsoluteUri,
    SipUri,
    TelUri,
    Uri,
    equivalent,
    escape_user,
    parse_uri,
    unescape,
)

_SAFE = "abcXYZ019-_.!~*'()"
_PARAMETER = st.text(_SAFE + "[]/:&+$", min_size=1, max_size=8)
_HEADER = st.text(_SAFE + "[]/?:+$", min_size=1, max_size=8)
_PARAMETERS = st.lists(st.tuples(_PARAMETER, st.none() | _PARAMETER), max_size=3).map(
    tuple
)
_HOSTS = st.sampled_from(
    ["example.org", "a", "192.0.2.1", "[2001:db8::1]", "[::ffff:192.0.2.2]"]
)
SIP_URIS = st.builds(
    SipUri,
    st.sampled_from(["sip", "sips"]),
    st.none() | st.text(min_size=1, max_size=12).map(escape_user),
    _HOSTS,
    st.none() | st.integers(0, 65535),
    st.none(),
    _PARAMETERS,
    st.lists(st.tuples(_HEADER, st.text(_SAFE, max_size=5)), max_size=2).map(tuple),
)
TEL_URIS = st.builds(
    TelUri,
    st.from_regex(r"\+[0-9]{1,15}", fullmatch=True)
    | st.from_regex(r"[0-9A-F*#]{1,10}", fullmatch=True),
    _PARAMETERS,
)
URIS: st.SearchStrategy[Uri] = SIP_URIS | TEL_URIS


class ParseTests(SynchronousTestCase):
    def test_every_part_of_a_sip_uri(self) -> None:
        """Each part of the general form is found (RFC 3261 19.1.1)."""
        uri = parse_uri(
            "SIPS:ada:pw@host.example.org:5070;transport=tcp;lr?subject=x&priority="
        )
        self.assertEqual(
            uri,
            SipUri(
                "sips",
                "ada",
                "host.example.org",
                5070,
                "pw",
                (("transport", "tcp"), ("lr", None)),
                (("subject", "x"), ("priority", "")),
            ),
        )

    def test_wire_form_is_kept(self) -> None:
        """What was parsed is written as it came (RFC 3261 19.1.2)."""
        for text in (
            "sip:example.org",
            "sip:alice;day=tuesday@example.org",
            "sip:+1-212-555-1212:1234@gateway.com;user=phone",
            "sip:%61lice@example.org;transport=TCP",
            "sip:alice:@example.org",
            "sip:h;maddr=[2001:db8::1]",
            "tel:+15145550001",
            "tel:7042;phone-context=example.org",
            "tel:*21#;phone-context=+1514",
            "urn:service:sos",
            "mailto:a@b.example",
        ):
            self.assertEqual(str(parse_uri(text)), text)

    def test_visual_separators_of_a_number_go(self) -> None:
        """A number is what is dialled (RFC 3966 5.1.1)."""
        self.assertEqual(parse_uri("tel:+1-(514)-555.0001"), TelUri("+15145550001"))

    def test_global_and_local_numbers(self) -> None:
        """The plus sign makes a number global (RFC 3966 5.1.4, 5.1.5)."""
        self.assertTrue(TelUri("+1514").is_global)
        self.assertFalse(TelUri("1514").is_global)

    def test_refused(self) -> None:
        """What breaks the grammar is a SipSyntaxError with 400 (RFC 3261 25.1)."""
        for text in (
            "",
            "sip",
            "sip:",
            "sip:@example.org",
            "sip::pw@example.org",
            "sip:a b@example.org",
            "sip:a@",
            "sip:a@example.org:",
            "sip:a@example.org:65536",
            "sip:a@example.org:99999999999999999999",
            "sip:a@example.org;",
            "sip:a@example.org;=x",
            "sip:a@example.org;x=",
            "sip:a@example.org?",
            "sip:a@example.org?x",
            "sip:a@example.org?=y",
            "sip:a%4@example.org",
            "sip:a%zz@example.org",
            "sip:a@exam ple.org",
            "sip:é@example.org",
            "sip:a@example.org\r\n",
            "sip:2001:db8::1",
            "tel:",
            "tel:+",
            "tel:+1A",
            "tel:--",
            "tel:15;",
            "tel:++1",
            "<sip:a@example.org>",
            ":x",
            "1x:y",
            "urn:",
            "urn:a b",
            "urn:a<b",
        ):
            error = self.assertRaises(SipSyntaxError, parse_uri, text)
            assert isinstance(error, SipSyntaxError)
            self.assertEqual(error.status, 400, text)

    def test_port_limits(self) -> None:
        """A port is at most 65535."""
        self.assertEqual(str(parse_uri("sip:a:65535")), "sip:a:65535")
        self.assertRaises(SipSyntaxError, parse_uri, "sip:a:65536")

    def test_long_hostile_text_is_refused_in_linear_time(self) -> None:
        """No pattern goes back over what it has read."""
        for text in ("sip:" + "a" * 200_000, "sip:" + "a;" * 100_000 + "\0"):
            parse = parse_uri
            if "\0" in text:
                self.assertRaises(SipSyntaxError, parse, text)
            else:
                parse(text)

    @given(URIS)
    @settings(deadline=None, max_examples=100)
    def test_round_trip(self, uri: Uri) -> None:
        """Writing and parsing give the same value."""
        self.assertEqual(parse_uri(str(uri)), uri)
        self.assertTrue(equivalent(parse_uri(str(uri)), uri))

    @given(st.text(max_size=40))
    @settings(deadline=None, max_examples=100)
    def test_any_text_parses_or_is_refused(self, text: str) -> None:
        """Nothing but SipSyntaxError comes out."""
        for scheme in ("", "sip:", "tel:", "sip:a@"):
            try:
                parse_uri(scheme + text)
            except SipSyntaxError:
                continue

    @given(st.text(max_size=30))
    @settings(deadline=None, max_examples=50)
    def test_user_escaping(self, text: str) -> None:
        """Any text can be a user part (RFC 3261 19.1.2)."""
        self.assertEqual(unescape(escape_user(text)), text)


class ParameterTests(SynchronousTestCase):
    def test_reading(self) -> None:
        """Names have no case; escapes are undone; a bare one reads as ""."""
        uri = parse_uri("sip:h;LR;x=%41b")
        assert isinstance(uri, SipUri)
        self.assertEqual(uri.parameter("lr"), "")
        self.assertTrue(uri.has("lr"))
        self.assertEqual(uri.parameter("x"), "Ab")
        self.assertIsNone(uri.parameter("y"))

    def test_changing(self) -> None:
        """A changed value is another one; the old one stays."""
        uri = SipUri("sip", None, "h", parameters=(("lr", None), ("x", "1")))
        self.assertEqual(str(uri.with_parameter("X", "2")), "sip:h;lr;x=2")
        self.assertEqual(str(uri.with_parameter("y", None)), "sip:h;lr;x=1;y")
        self.assertEqual(str(uri.without_parameter("LR")), "sip:h;x=1")
        self.assertEqual(str(uri), "sip:h;lr;x=1")
        tel = TelUri("+1").with_parameter("nccsid", "SMS")
        self.assertEqual(str(tel), "tel:+1;nccsid=SMS")
        self.assertEqual(tel.parameter("nccsid"), "SMS")
        self.assertTrue(tel.has("nccsid"))
        self.assertEqual(str(tel.without_parameter("nccsid")), "tel:+1")


class EquivalenceTests(SynchronousTestCase):
    def test_equivalent(self) -> None:
        """The RFC's kinds of sameness (RFC 3261 19.1.4, RFC 3966 4)."""
        for left, right in (
            (
                "sip:%61lice@atlanta.com;transport=TCP",
                "sip:alice@AtLanTa.CoM;Transport=tcp",
            ),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
            (
                "sip:a@b.com;x=1;transport=tcp?h=1&g=2",
                "sip:a@b.com;transport=tcp?g=2&h=1",
            ),
            ("tel:+1-514-555-0001", "tel:+15145550001"),
            ("tel:7042;b=1;phone-context=A.com", "tel:7042;phone-context=a.com;b=1"),
            ("tel:1;phone-context=+1-5", "tel:1;phone-context=+15"),
            ("urn:a:b", "urn:a:b"),
        ):
            self.assertTrue(equivalent(parse_uri(left), parse_uri(right)), left)

    def test_not_equivalent(self) -> None:
        """The RFC's kinds of difference (RFC 3261 19.1.4, RFC 3966 4)."""
        for left, right in (
            ("SIP:ALICE@AtLanTa.CoM", "sip:alice@AtLanTa.CoM"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;maddr=1.2.3.4"),
            ("sip:bob@biloxi.com;ttl=1", "sip:bob@biloxi.com;ttl=2"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:a%3Bb@c.com", "sip:a;b@c.com"),
            ("sips:a@b.com", "sip:a@b.com"),
            ("sip:a@b.com", "sip:b.com"),
            ("tel:+1514", "tel:1514"),
            ("tel:7042;phone-context=a.com", "tel:7042"),
            ("tel:+1514", "sip:+1514@b.com;user=phone"),
        ):
            self.assertFalse(equivalent(parse_uri(left), parse_uri(right)), left)

    def test_opaque_scheme_has_no_case(self) -> None:
        """Schemes are compared without case (RFC 3986 3.1)."""
        self.assertEqual(parse_uri("URN:x"), AbsoluteUri("urn", "x"))
