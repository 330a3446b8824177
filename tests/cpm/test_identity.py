"""Tests of cpmgw.cpm.identity."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.identity import (
    Address,
    Subscriber,
    e164_of,
    from_smpp,
    is_e164,
    masked,
    nccsid_of,
    sip_uri,
    subscriber_of,
    tel_uri,
    to_smpp,
    with_nccsid,
    without_nccsid,
    without_separators,
)
from cpmgw.sip.uri import SipUri, TelUri, parse_uri

NUMBERS = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)


def addressed(text: str) -> SipUri | TelUri:
    """A URI that can hold parameters."""
    uri = parse_uri(text)
    assert isinstance(uri, SipUri | TelUri)
    return uri


class E164Tests(SynchronousTestCase):
    """What is an E.164 number."""

    def test_length(self) -> None:
        """7 to 15 digits behind the plus sign."""
        for digits in (7, 15):
            self.assertTrue(is_e164("+" + "1" * digits))
        for digits in (6, 16):
            self.assertFalse(is_e164("+" + "1" * digits))

    def test_others(self) -> None:
        """No short code, no name, no digits of other scripts."""
        for text in (
            "",
            "+",
            "112",
            "15145550001",
            "+05145550001",
            "+1514555000a",
            "+1 5145550001",
            "+١٥١٤٥٥٥٠٠٠١",
            "+²1514555000",
        ):
            self.assertFalse(is_e164(text), text)


class UriTests(SynchronousTestCase):
    """Extracting the number from tel and SIP URIs (TS Table 1)."""

    def number(self, text: str, country: str = "", prefix: str = "") -> str | None:
        """The number in a URI."""
        return e164_of(parse_uri(text), country, prefix)

    def test_global(self) -> None:
        """tel URIs, SIP URIs with user=phone or with a number as user part."""
        for text in (
            "tel:+15145550001",
            "tel:+1-514-555.0001",
            "tel:+15145550001;nccsid=SMS",
            "sip:+15145550001@ims.example.net;user=phone",
            "sip:+1-514-555-0001@ims.example.net;user=phone",
            "sip:+1(514)5550001;isub=1@ims.example.net;user=phone",
            "sips:+15145550001@ims.example.net",
            "sip:%2B15145550001@ims.example.net;User=Phone",
        ):
            self.assertEqual(self.number(text), "+15145550001", text)

    def test_phone_context_completes(self) -> None:
        """A phone-context that is the missing first part (RFC 3966 5.1.5)."""
        for text in (
            "tel:5550001;phone-context=+1514",
            "tel:514-555-0001;phone-context=+1",
            "sip:5145550001;phone-context=+1@x;user=phone",
        ):
            self.assertEqual(self.number(text), "+15145550001", text)

    def test_phone_context_names_the_country(self) -> None:
        """A phone-context whose country explains the number (RFC 3966 5.1.5)."""
        self.assertEqual(
            self.number("tel:02079460018;phone-context=+44"), "+442079460018"
        )

    def test_phone_context_domain(self) -> None:
        """A domain name leaves the number to the default country."""
        text = "tel:02079460018;phone-context=ims.example.net"
        self.assertIsNone(self.number(text))
        self.assertEqual(self.number(text, "gb"), "+442079460018")

    def test_national(self) -> None:
        """A local number without phone-context is one of the default country."""
        text = "sip:5145550001@x;user=phone"
        self.assertIsNone(self.number(text))
        self.assertEqual(self.number(text, "CA"), "+15145550001")

    def test_international_prefix(self) -> None:
        """The prefix of international numbers counts by policy."""
        text = "tel:0015145550001;phone-context=x"
        self.assertIsNone(self.number(text))
        self.assertEqual(self.number(text, prefix="00"), "+15145550001")
        self.assertIsNone(self.number("tel:00112;phone-context=x", prefix="00"))

    def test_short_codes(self) -> None:
        """Short codes and emergency numbers have no E.164 number, in any country."""
        for text in (
            "tel:112;phone-context=+34",
            "tel:911;phone-context=x",
            "tel:40404;phone-context=+1",
            "sip:112@x;user=phone",
            "tel:*21%23;phone-context=x".replace("%23", "#"),
        ):
            for country in ("", "ES", "US"):
                self.assertIsNone(self.number(text, country), text)

    def test_no_number(self) -> None:
        """URIs without a number have none."""
        for text in (
            "sip:alice@example.com",
            "sip:alice@example.com;user=phone",
            "sip:5145550001@example.com",
            "sip:example.com",
            "sip:+1514@example.com;user=phone",
            "mailto:+15145550001",
            "tel:+0015145550001",
        ):
            self.assertIsNone(self.number(text, "CA"), text)

    def test_unknown_country(self) -> None:
        """A country that does not exist explains nothing."""
        self.assertIsNone(self.number("tel:5145550001;phone-context=x", "XX"))
        self.assertIsNone(self.number("tel:5145550001;phone-context=+999"))

    @settings(deadline=None, max_examples=50)
    @given(NUMBERS)
    def test_round_trip(self, number: str) -> None:
        """A number comes back from the URIs made of it."""
        self.assertEqual(e164_of(tel_uri(number)), number)
        self.assertEqual(e164_of(parse_uri(str(sip_uri(number, "x.test")))), number)

    def test_sip_uri(self) -> None:
        """The SIP URI of a number has user=phone (RFC 3261 19.1.6)."""
        self.assertEqual(
            str(sip_uri("+15145550001", "x.test")), "sip:+15145550001@x.test;user=phone"
        )


class SubscriberTests(SynchronousTestCase):
    """What URIs say of a telephone (RFC 3966 3, RFC 3261 19.1.6)."""

    def test_telephones(self) -> None:
        """The number without separators, and the phone-context as it came."""
        for text, expected in (
            ("tel:+1-514-555-0001", Subscriber("+15145550001")),
            ("tel:611;phone-context=+1-514", Subscriber("611", "+1-514")),
            ("sip:6.1.1@h;user=phone", Subscriber("611")),
            ("sip:611;isub=1;Phone-Context=h@h;user=PHONE", Subscriber("611", "h")),
            ("sip:611%3Bphone-context=h@h;user=phone", Subscriber("611", "h")),
            ("sip:+15145550001@h", Subscriber("+15145550001")),
            ("sip:alice@h;user=phone", Subscriber("alice")),
        ):
            self.assertEqual(expected, subscriber_of(parse_uri(text)), text)

    def test_others(self) -> None:
        """Users without user=phone, hosts and other schemes are no telephones."""
        for text in ("sip:611@h", "sip:alice@h", "sip:h;user=phone", "mailto:1@h"):
            self.assertIsNone(subscriber_of(parse_uri(text)), text)

    def test_separators(self) -> None:
        """Hyphens, dots, parentheses, slashes and spaces are for the eye."""
        self.assertEqual("+15145550001", without_separators("+1 (514) 555-00.0/1"))


class SmppTests(SynchronousTestCase):
    """SMPP addresses (TS Table 1 and 9, SMPP 3.4 5.2.5, 5.2.6)."""

    def test_to_smpp(self) -> None:
        """An E.164 number is international ISDN without plus sign."""
        self.assertEqual(to_smpp("+15145550001"), (1, 1, "15145550001"))

    def test_international(self) -> None:
        """TON 1, with or without a plus sign and separators."""
        for text in ("15145550001", "+15145550001", "1-514-555-0001"):
            self.assertEqual(
                from_smpp(1, 1, text), Address("+15145550001", "+15145550001")
            )

    def test_national(self) -> None:
        """TON 2 is read in the country."""
        self.assertEqual(
            from_smpp(2, 1, "5145550001", "CA"), Address("+15145550001", "5145550001")
        )
        self.assertEqual(from_smpp(2, 1, "5145550001"), Address(None, "5145550001"))

    def test_national_has_no_prefix(self) -> None:
        """The international prefix means nothing in a national number."""
        address = from_smpp(2, 1, "0015145550001", international_prefix="00")
        self.assertIsNone(address.number)

    def test_unknown(self) -> None:
        """TON 0 is international behind "+" or the prefix, else national."""
        self.assertEqual(from_smpp(0, 0, "+15145550001").number, "+15145550001")
        self.assertIsNone(from_smpp(0, 1, "0015145550001").number)
        self.assertEqual(
            from_smpp(0, 1, "0015145550001", international_prefix="00").number,
            "+15145550001",
        )
        self.assertEqual(from_smpp(0, 1, "5145550001", "US").number, "+15145550001")

    def test_alphanumeric(self) -> None:
        """TON 5 is a name, even of digits (Appendix F A)."""
        for name in ("MyBank", "15145550001", "Ünïcode"):
            self.assertEqual(from_smpp(5, 0, name), Address(None, name))

    def test_short_code(self) -> None:
        """Short codes are no E.164 numbers."""
        for ton in (0, 1, 2, 3, 4, 6):
            self.assertIsNone(from_smpp(ton, 1, "112", "ES").number)
            self.assertIsNone(from_smpp(ton, 0, "40404", "US").number)

    def test_other_types(self) -> None:
        """Network specific, subscriber and abbreviated numbers are none."""
        for ton in (3, 4, 6, 7):
            self.assertIsNone(from_smpp(ton, 1, "15145550001", "US").number)

    def test_other_plans(self) -> None:
        """Numbers of other plans than ISDN are none."""
        for npi in (3, 4, 6, 8, 9, 10, 14, 18):
            self.assertIsNone(from_smpp(1, npi, "15145550001").number)

    def test_not_digits(self) -> None:
        """What is no number has none, whatever its TON says."""
        for text in ("", "+", "abc", "1514555x001", "٣" * 10, "1" * 21):
            for ton in (0, 1, 2):
                self.assertIsNone(from_smpp(ton, 1, text, "US").number)

    @settings(deadline=None, max_examples=50)
    @given(NUMBERS)
    def test_round_trip(self, number: str) -> None:
        """A number comes back from its SMPP address."""
        self.assertEqual(from_smpp(*to_smpp(number)), Address(number, number))


class NccsidTests(SynchronousTestCase):
    """The Non-CPM Communication Service Identifier (TS Appendix D).

    [RCC.10 Appendix D]
    """

    def test_examples(self) -> None:
        """The printed examples."""
        for text, service in (
            ("sip:alice@example.com;nccsid=SMS", "SMS"),
            ("tel:+11234561111;nccsid=MMS", "MMS"),
            ("sip:bob@example.com;nccsid=Skype", "Skype"),
        ):
            uri = addressed(text)
            self.assertEqual(nccsid_of(uri), service)
            bare = without_nccsid(uri)
            self.assertIsNone(nccsid_of(bare))
            self.assertEqual(str(with_nccsid(bare, service)), text)

    def test_replaced(self) -> None:
        """There is never more than one."""
        uri = with_nccsid(addressed("tel:+11234561111;nccsid=MMS;x=y"), "SMS")
        self.assertEqual(str(uri), "tel:+11234561111;x=y;nccsid=SMS")

    def test_none(self) -> None:
        """Most URIs have none; a valueless one is none."""
        for text in ("tel:+11234561111", "mailto:a@b", "sip:a@b;nccsid"):
            self.assertIsNone(nccsid_of(parse_uri(text)))


class MaskedTests(SynchronousTestCase):
    """Numbers in logs."""

    def test_last_three(self) -> None:
        """Only the last three digits remain, of a number or of a URI."""
        for text in (
            "+15145550001",
            "tel:+15145550001;nccsid=SMS",
            "sip:+15145550001@x.test;user=phone",
            "<tel:+15145550001>",
        ):
            self.assertEqual(masked(text), "***001")

    def test_nothing(self) -> None:
        """Of names and short codes nothing remains."""
        for text in ("", "112", "40404", "sip:alice@x.test", "MyBank"):
            self.assertEqual(masked(text), "***")
