"""Tests of cpmgw.addressing.dialplan: reading and writing URIs."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.dialplan import AddressKind, PhoneAddress
from cpmgw.addressing.emergency import is_emergency
from cpmgw.addressing.names import is_name
from cpmgw.cpm.identity import is_e164, without_separators
from cpmgw.sip.uri import SipUri, escape_user, parse_uri
from tests.addressing.plans import DOMAIN, NUMBERS, e164, name, plan, short, uri

BANK = {"name": "BANK", "uri": "sip:bank@example.net", "display": "My Bank"}


class NumberTests(SynchronousTestCase):
    """E.164 numbers in URIs (TS Table 1)."""

    def test_global(self) -> None:
        """A global number is what it is, for originator and target."""
        for text in (
            "tel:+1-514-555-0001",
            "sip:+15145550001@h;user=phone",
            "sip:+15145550001@h",
        ):
            for read in (plan().address_of, plan().originator_of, plan().target_of):
                self.assertEqual(e164("+15145550001"), read(uri(text)))

    def test_national(self) -> None:
        """A local number is one of the country."""
        text = "tel:5145550001;phone-context=ims.example.net"
        self.assertIs(None, plan().target_of(uri(text)))
        self.assertEqual(e164("+15145550001"), plan(country="CA").target_of(uri(text)))

    def test_international_prefix(self) -> None:
        """What begins with the international prefix is international."""
        dialled = uri("sip:01115145550001@h;user=phone")
        self.assertIs(None, plan().target_of(dialled))
        found = plan(international_prefix="011").target_of(dialled)
        self.assertEqual(e164("+15145550001"), found)

    def test_no_address(self) -> None:
        """A user without number, other schemes and what is no number."""
        for text in (
            "sip:alice@h",
            "sip:alice@h;user=phone",
            "sip:h",
            "mailto:+15145550001@h",
            "tel:*21%23;phone-context=h".replace("%23", "#"),
            "sip:%D9%A1%D9%A2%D9%A3@h;user=phone",
            "sip:%FF%FE@h;user=phone",
            "tel:" + "1" * 21 + ";phone-context=" + DOMAIN,
        ):
            for chosen in (plan(), plan(country="CA", alphanumeric="sip")):
                self.assertIs(None, chosen.address_of(parse_uri(text)), text)


class RuleTests(SynchronousTestCase):
    """[[dial_plan.rules]]: digits as they are dialled."""

    def target(self, digits: str, *rules: Mapping[str, object]) -> PhoneAddress | None:
        """What digits are read as."""
        chosen = plan(country="CA", rules=list(rules))
        return chosen.target_of(uri(f"sip:{digits}@h;user=phone"))

    def test_extension(self) -> None:
        """A prefix may be kept, with digits put before it."""
        rule = {"prefix": "7", "add": "+1514555"}
        self.assertEqual(e164("+15145557001"), self.target("7001", rule))

    def test_strip(self) -> None:
        """Digits may be taken from the front, more than the prefix has too."""
        rule = {"prefix": "9", "strip": 1, "add": "+1"}
        self.assertEqual(e164("+15145550001"), self.target("95145550001", rule))
        rule = {"prefix": "9", "strip": 2, "add": "+1"}
        self.assertEqual(e164("+15145550001"), self.target("985145550001", rule))

    def test_longest_prefix(self) -> None:
        """Of several the rule with the longest prefix counts, in any order."""
        rules = [
            {"prefix": "7", "add": "+1514555"},
            {"prefix": "70", "add": "+1438555"},
            {"prefix": "", "add": "+1819555"},
        ]
        for each in (rules, rules[::-1]):
            self.assertEqual(e164("+14385557001"), self.target("7001", *each))
            self.assertEqual(e164("+15145557101"), self.target("7101", *each))
            self.assertEqual(e164("+18195554101"), self.target("4101", *each))

    def test_only_numbers(self) -> None:
        """A rule that makes no E.164 number leaves it to a shorter prefix."""
        long = {"prefix": "70", "add": "+123456789012"}
        rule = {"prefix": "7", "add": "+1514555"}
        self.assertEqual(e164("+15145557001"), self.target("7001", long, rule))
        self.assertIs(None, self.target("7001", long))

    def test_digits(self) -> None:
        """A rule may be for so many digits only."""
        rule = {"prefix": "7", "add": "+1514555", "digits": 4}
        self.assertEqual(e164("+15145557001"), self.target("7001", rule))
        for digits in ("700", "70011"):
            self.assertIs(None, self.target(digits, rule))

    def test_before_national(self) -> None:
        """A rule comes before the national numbering."""
        rule = {"prefix": "514", "strip": 3, "add": "+1438"}
        self.assertEqual(e164("+14385550001"), self.target("5145550001", rule))

    def test_other_networks(self) -> None:
        """Local numbers of another phone-context are not dialled here."""
        chosen = plan(country="CA", rules=[{"prefix": "7", "add": "+1514555"}])
        for text, expected in (
            ("tel:7001;phone-context=ims.example.net", e164("+15145557001")),
            ("tel:7001;phone-context=IMS.Example.NET", e164("+15145557001")),
            ("tel:7001;phone-context=other.example.net", None),
            ("sip:7001;phone-context=other.example.net@h;user=phone", None),
            ("tel:5145550001;phone-context=other.example.net", e164("+15145550001")),
            ("tel:7001;phone-context=+44", None),
        ):
            self.assertEqual(expected, chosen.target_of(uri(text)), text)

    def test_phone_contexts(self) -> None:
        """Others may be named as our own, in place of the domain."""
        rules = [{"prefix": "7", "add": "+1514555"}]
        chosen = plan(rules=rules, phone_contexts=["home.example.net", "+1"])
        for context, known in (("home.example.net", 1), ("+1", 1), (DOMAIN, 0)):
            found = chosen.target_of(uri(f"tel:7001;phone-context={context}"))
            self.assertEqual(e164("+15145557001") if known else None, found, context)


class ShortTests(SynchronousTestCase):
    """Short numbers (RFC 3966 5.1.4)."""

    def test_not_by_default(self) -> None:
        """A short number is neither target nor originator unless it is allowed."""
        for text in ("tel:40404;phone-context=ims.example.net", "sip:611@h;user=phone"):
            self.assertIs(None, plan().target_of(uri(text)))
            self.assertIs(None, plan().originator_of(uri(text)))

    def test_listed(self) -> None:
        """Those in short_numbers may be sent to, and no other."""
        chosen = plan(short_numbers=["611", "72346"])
        self.assertEqual(short("611"), chosen.target_of(uri("sip:611@h;user=phone")))
        self.assertIs(None, chosen.target_of(uri("sip:612@h;user=phone")))

    def test_by_length(self) -> None:
        """Those of a length in short_digits may be sent to, and no other."""
        chosen = plan(short_digits=[3, 6])
        for digits, allowed in (("611", 1), ("6111", 0), ("611111", 1)):
            found = chosen.target_of(uri(f"sip:{digits}@h;user=phone"))
            self.assertEqual(short(digits) if allowed else None, found, digits)

    def test_lengths(self) -> None:
        """3 to 8 digits are a short number."""
        for digits, is_short in (("16", 0), ("163", 1), ("1" * 8, 1), ("1" * 9, 0)):
            found = plan(country="CA").address_of(uri(f"sip:{digits}@h;user=phone"))
            self.assertEqual(short(digits) if is_short else None, found, digits)

    def test_before_rules(self) -> None:
        """One that is listed comes before rules and national numbers."""
        chosen = plan(
            rules=[{"prefix": "7", "add": "+1514555"}], short_numbers=["72346"]
        )
        found = chosen.target_of(uri("sip:72346@h;user=phone"))
        self.assertEqual(short("72346"), found)

    def test_originators(self) -> None:
        """They are originators where short_senders says so."""
        chosen = plan(short_senders=True)
        found = chosen.originator_of(uri("sip:40404@h;user=phone"))
        self.assertEqual(short("40404"), found)
        self.assertIs(None, chosen.target_of(uri("sip:40404@h;user=phone")))

    def test_other_networks(self) -> None:
        """A short number of another network is none here."""
        chosen = plan(short_digits=[3])
        for context in ("other.example.net", "+44"):
            found = chosen.target_of(uri(f"tel:611;phone-context={context}"))
            self.assertIs(None, found)

    def test_needs_user_phone(self) -> None:
        """Digits are a number in a SIP URI only with user=phone (RFC 3261 19.1.6)."""
        self.assertIs(None, plan(short_digits=[3]).target_of(uri("sip:611@h")))

    def test_written(self) -> None:
        """URIs of short numbers carry the phone-context of our domain."""
        self.assertEqual(
            "tel:611;phone-context=ims.example.net", str(plan().tel_uri(short("611")))
        )
        self.assertEqual(
            "sip:611;phone-context=ims.example.net@ims.example.net;user=phone",
            str(plan().sip_uri(short("611"))),
        )
        chosen = plan(phone_contexts=["+1"])
        self.assertEqual("tel:611;phone-context=+1", str(chosen.tel_uri(short("611"))))


class EmergencyTests(SynchronousTestCase):
    """Emergency numbers are not routed, whatever is configured."""

    everything = plan(
        country="GB",
        rules=[
            {"prefix": "9", "add": "+1514555"},
            {"prefix": "", "add": "+1514555"},
            {"prefix": "999", "strip": 3, "add": "+15145550001"},
        ],
        short_numbers=["112", "911", "999"],
        short_digits=[3, 4, 5, 6],
        short_senders=True,
        phone_contexts=["ims.example.net", "+44"],
    )

    def test_uris(self) -> None:
        """In no form of a URI, and in no context."""
        for digits in ("112", "911", "999"):
            for text in (
                f"tel:{digits};phone-context=ims.example.net",
                f"tel:{digits};phone-context=+44",
                f"tel:{digits};phone-context=other.example.net",
                f"tel:{digits}",
                f"sip:{digits}@h;user=phone",
                f"sip:{digits};phone-context=+44@h;user=phone",
                "sip:" + "-".join(digits) + "@h;user=phone",
            ):
                self.assertIs(None, self.everything.address_of(uri(text)), text)

    def test_smpp(self) -> None:
        """In no form of an SMPP address."""
        for digits in ("112", "911", "999"):
            for ton in range(7):
                for npi in (0, 1, 8, 9):
                    if ton != 5:  # a name that looks so calls nobody
                        found = self.everything.address_from_smpp(ton, npi, digits)
                        self.assertIs(None, found, (digits, ton, npi))


class NameTests(SynchronousTestCase):
    """Alphanumeric names and the users in [[dial_plan.names]]."""

    def test_originator_in_the_table(self) -> None:
        """A user in the table goes out by its name."""
        chosen = plan(names=[BANK])
        for text in ("sip:bank@example.net", "sips:bank@EXAMPLE.net;nccsid=SMS"):
            self.assertEqual(name("BANK"), chosen.originator_of(uri(text)))

    def test_others_get_no_name(self) -> None:
        """No other user does: neither by the name itself nor by names_domain."""
        for policy in ("refuse", "sip"):
            chosen = plan(names=[BANK], alphanumeric=policy)
            for text in (
                "sip:BANK@ims.example.net",
                "sip:bank@ims.example.net",
                "sip:alice@ims.example.net",
                "sip:bank@other.example.net",
            ):
                self.assertIs(None, chosen.originator_of(uri(text)), text)

    def test_no_target(self) -> None:
        """Nothing can be sent to a name."""
        chosen = plan(names=[BANK], alphanumeric="sip")
        for text in ("sip:bank@example.net", "sip:SHOP@ims.example.net"):
            self.assertIs(None, chosen.target_of(uri(text)))

    def test_listed_name(self) -> None:
        """A name in the table is its user's URI, with what to show, and has no tel."""
        chosen = plan(names=[BANK])
        self.assertEqual("sip:bank@example.net", str(chosen.uri_of(name("BANK"))))
        self.assertEqual("My Bank", chosen.display_name(name("BANK")))
        self.assertIs(None, chosen.tel_uri(name("BANK")))

    def test_other_name(self) -> None:
        """Another name is a user of names_domain, escaped."""
        chosen = plan(alphanumeric="sip", names_domain="names.example.net")
        for each, domain in (
            (plan(alphanumeric="sip"), DOMAIN),
            (chosen, "names.example.net"),
        ):
            text = str(each.uri_of(name("A B<1>")))
            self.assertEqual(f"sip:A%20B%3C1%3E@{domain}", text)
            self.assertEqual(name("A B<1>"), each.address_of(uri(text)))
            self.assertEqual("", each.display_name(name("A B<1>")))

    def test_numbers_show_nothing(self) -> None:
        """A number has no display name of its own."""
        self.assertEqual("", plan(names=[BANK]).display_name(e164("+15145550001")))

    def test_names_domain(self) -> None:
        """Only there a user part is a name, and only by policy."""
        for policy, domain, known in (
            ("sip", "names.example.net", True),
            ("sip", "NAMES.example.net", True),
            ("sip", "ims.example.net", False),
            ("refuse", "names.example.net", False),
        ):
            chosen = plan(alphanumeric=policy, names_domain="names.example.net")
            found = chosen.address_of(uri(f"sip:SHOP@{domain}"))
            self.assertEqual(name("SHOP") if known else None, found, (policy, domain))


class RoundTrips(SynchronousTestCase):
    """What is written is read as what it was."""

    chosen = plan(
        names=[BANK],
        alphanumeric="sip",
        names_domain="names.example.net",
        short_senders=True,
        short_digits=[3, 4, 5, 6, 7, 8],
    )

    def check(self, address: PhoneAddress) -> None:
        """By SIP URI, tel URI and SMPP."""
        chosen = self.chosen
        self.assertEqual(address, chosen.address_of(chosen.sip_uri(address)))
        self.assertEqual(address, chosen.address_of(chosen.uri_of(address)))
        parsed = parse_uri(str(chosen.sip_uri(address)))
        self.assertEqual(address, chosen.address_of(parsed))
        if tel := chosen.tel_uri(address):
            self.assertEqual(address, chosen.address_of(parse_uri(str(tel))))
        smpp = chosen.to_smpp(address)
        self.assertEqual(address, chosen.address_from_smpp(*smpp))

    @settings(deadline=None, max_examples=60)
    @given(NUMBERS)
    def test_numbers(self, number: str) -> None:
        """E.164 numbers."""
        self.check(e164(number))

    @settings(deadline=None, max_examples=60)
    @given(st.from_regex(r"\A[0-9]{3,8}\Z"))
    def test_short_numbers(self, digits: str) -> None:
        """Short numbers but those for emergencies."""
        assume(not is_emergency(digits))
        self.check(short(digits))

    @settings(deadline=None, max_examples=60)
    @given(st.from_regex(r"\A[!-Z_a-z]{0,5}[A-Za-z][ -Z_a-z]{0,5}\Z"))
    def test_names(self, text: str) -> None:
        """Names that are none of a number; the table's among them."""
        assume(is_name(text) and text.casefold() != "bank")
        assume(not is_e164(without_separators(text.partition(";")[0])))
        self.check(name(text))
        self.check(name("BANK"))

    @settings(deadline=None, max_examples=100)
    @given(st.text(max_size=40), st.booleans())
    def test_any_user(self, text: str, phone: bool) -> None:
        """Whatever a user part says, it is read without error and written alike."""
        parameters = (("user", "phone"),) if phone else ()
        host = self.chosen.names_domain
        made = SipUri("sip", escape_user(text) or None, host, parameters=parameters)
        address = self.chosen.address_of(made)
        if address is not None:
            written = self.chosen.sip_uri(address)
            self.assertEqual(address, self.chosen.address_of(written))

    def test_kinds(self) -> None:
        """Only an E.164 address has a number."""
        self.assertEqual("+15145550001", e164("+15145550001").number)
        self.assertIs(None, short("611").number)
        self.assertEqual(3, len(AddressKind))
