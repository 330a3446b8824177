"""Tests of cpmgw.addressing.originator (RFC 3325, 3323; conversation TS 6.1, 6.3)."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.dialplan import DialPlan
from cpmgw.addressing.originator import (
    Identity,
    IdentityFields,
    Originator,
    asserted_identities,
    display_text,
    identity_fields,
    is_anonymous,
    originator_of,
)
from cpmgw.addressing.settings import MOST_DISPLAY
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.headers import Headers, parse_name_addr
from tests.addressing.plans import NUMBERS, e164, name, plan, short, sip, uri

BANK = {"name": "BANK", "uri": "sip:bank@example.net", "display": "My Bank"}
ALICE = "sip:alice@example.net"
TEL = "tel:+15145550001"
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'


def read(
    *asserted: str,
    from_: str = "<sip:from@example.net>",
    privacy: str = "",
    chosen: DialPlan | None = None,
) -> Originator:
    """What a request with these header fields says."""
    fields = [("P-Asserted-Identity", each) for each in asserted]
    if privacy:
        fields.append(("Privacy", privacy))
    return originator_of(Headers(fields), parse_name_addr(from_), chosen or plan())


class Asserted(SynchronousTestCase):
    """P-Asserted-Identity (RFC 3325 9.1)."""

    def found(self, *values: str) -> list[str]:
        """The URIs that count."""
        headers = Headers([("P-Asserted-Identity", each) for each in values])
        return [str(each.uri) for each in asserted_identities(headers)]

    def test_one_of_each(self) -> None:
        """A SIP and a tel URI count, in the order in which they stand."""
        self.assertEqual([ALICE, TEL], self.found(f"<{ALICE}>, <{TEL}>"))
        self.assertEqual([TEL, ALICE], self.found(f"<{TEL}>", f"<{ALICE}>"))
        self.assertEqual([TEL], self.found(f"<{TEL}>"))

    def test_more_of_a_kind(self) -> None:
        """Of more than one of a kind the first counts."""
        found = self.found(
            f"<{ALICE}>, <sips:b@h>, <tel:+15145550009>", f"<{TEL}>", "<sip:c@h>"
        )
        self.assertEqual([ALICE, "tel:+15145550009"], found)

    def test_others(self) -> None:
        """Other URIs identify nobody here."""
        self.assertEqual([TEL], self.found(f"<mailto:a@h>, <{TEL}>"))
        self.assertEqual([], self.found("<mailto:a@h>"))
        self.assertEqual([], self.found())

    def test_after_both(self) -> None:
        """What comes after both is not looked at."""
        self.assertEqual([ALICE, TEL], self.found(f"<{ALICE}>, <{TEL}>, x y z"))

    def test_malformed(self) -> None:
        """What is no address is an error of the request."""
        self.assertRaises(SipSyntaxError, self.found, "x y z")


class Reading(SynchronousTestCase):
    """Whom a request is from (TS Table 1)."""

    def test_asserted(self) -> None:
        """P-Asserted-Identity where it is there."""
        found = read(f"<{ALICE}>, <{TEL}>")
        self.assertEqual(e164("+15145550001"), found.address)
        self.assertEqual((ALICE, TEL), (str(found.sip), str(found.tel)))
        self.assertTrue(found.asserted)
        self.assertFalse(found.hidden)

    def test_from(self) -> None:
        """Otherwise From."""
        found = read(from_=f"<{TEL}>;tag=x")
        self.assertEqual(e164("+15145550001"), found.address)
        self.assertEqual((None, TEL), (found.sip, str(found.tel)))
        self.assertFalse(found.asserted)

    def test_from_is_not_asserted(self) -> None:
        """From does not count beside an asserted identity without number."""
        found = read(f"<{ALICE}>", from_=f"<{TEL}>")
        self.assertEqual((None, None), (found.address, found.tel))

    def test_asserted_and_nobody(self) -> None:
        """Nor beside one that is empty, or identifies nobody here (TS Table 1)."""
        for value in ("", "<mailto:a@h>"):
            with self.subTest(value=value):
                found = read(value, from_=f"<{TEL}>")
                self.assertEqual((None, None), (found.address, found.tel))
                self.assertFalse(found.asserted)

    def test_sip_with_number(self) -> None:
        """A SIP URI may hold the number; the first of two counts."""
        found = read(f"<sip:+15145550009@h;user=phone>, <{TEL}>")
        self.assertEqual(e164("+15145550009"), found.address)

    def test_name_first(self) -> None:
        """A user of the table of names is that name, even beside a number."""
        found = read(f"<{TEL}>, <sip:bank@example.net>", chosen=plan(names=[BANK]))
        self.assertEqual(name("BANK"), found.address)

    def test_only_what_policy_takes(self) -> None:
        """Nor is it that name where policy takes none. [RCC.10 4 unsupported 8]"""
        values = f"<sip:bank@example.net>, <{TEL}>", "<sip:40404@h;user=phone>"
        for kinds, number, expected in (
            (("e164",), values[0], e164("+15145550001")),
            (("e164", "short"), values[0], e164("+15145550001")),
            (("name", "e164"), values[0], name("BANK")),
            (("short",), f"{values[1]}, <{TEL}>", short("40404")),
            # A refusal tells of the number that there is.
            (("short",), values[0], e164("+15145550001")),
            (("e164",), "<sip:bank@example.net>", name("BANK")),
        ):
            with self.subTest(kinds=kinds, number=number):
                chosen = msgspec.structs.replace(
                    plan(names=[BANK], short_senders=True), originators=kinds
                )
                self.assertEqual(expected, read(number, chosen=chosen).address)

    def test_number_before_short_number(self) -> None:
        """A number is told rather than a short number."""
        chosen = plan(short_senders=True)
        found = read(f"<sip:40404@h;user=phone>, <{TEL}>", chosen=chosen)
        self.assertEqual(e164("+15145550001"), found.address)
        found = read("<sip:40404@h;user=phone>", chosen=chosen)
        self.assertEqual(short("40404"), found.address)

    def test_hidden(self) -> None:
        """Privacy asks for it, or From says so (RFC 3323 4.1.1.3, RFC 3325 9.3)."""
        for privacy, hidden in (
            ("id", True),
            ("ID;critical", True),
            ("user", True),
            ("header", True),
            ("none", False),
            ("session", False),
            ("", False),
        ):
            self.assertIs(hidden, read(f"<{TEL}>", privacy=privacy).hidden, privacy)
        self.assertTrue(read(f"<{TEL}>", from_=ANONYMOUS).hidden)

    def test_hidden_address(self) -> None:
        """Who is hidden is still known to the gateway."""
        found = read(f"<{TEL}>", from_=ANONYMOUS, privacy="id")
        self.assertEqual(e164("+15145550001"), found.address)

    def test_anonymous(self) -> None:
        """The host tells it, in any case."""
        self.assertTrue(is_anonymous(uri("sip:x@Anonymous.Invalid")))
        for text in (ALICE, TEL, "sip:anonymous@example.net"):
            self.assertFalse(is_anonymous(uri(text)))


class DisplayNames(SynchronousTestCase):
    """Display names (conversation TS 6.3)."""

    def test_order(self) -> None:
        """That of P-Asserted-Identity, otherwise that of From."""
        from_ = '"From" <sip:from@example.net>'
        self.assertEqual("Al", read(f'"Al" <{ALICE}>', from_=from_).display_name)
        found = read(f'<{ALICE}>, "Tel" <{TEL}>', from_=from_)
        self.assertEqual("Tel", found.display_name)
        self.assertEqual("From", read(f"<{ALICE}>", from_=from_).display_name)
        self.assertEqual("", read(f"<{ALICE}>").display_name)

    def test_pseudonym(self) -> None:
        """Of who is hidden only a name beside an anonymous URI is shown."""
        asserted = f'"Al" <{ALICE}>'
        for from_, expected in (
            ('"Fox" <sip:anonymous@anonymous.invalid>', "Fox"),
            ("<sip:anonymous@anonymous.invalid>", ""),
            ('"Al" <sip:from@example.net>', ""),
        ):
            found = read(asserted, from_=from_, privacy="id")
            self.assertEqual(expected, found.display_name)

    def test_controls(self) -> None:
        """One line, without controls and what is not seen; what joins letters stays."""
        for text, expected in (
            ("A\r\nB", "A B"),
            ("\tA \x00\x07 B ", "A B"),
            ("A\u202eB\u2066", "AB"),
            ("A\udcffB\u2028C", "ABC"),
            ("\u200e", ""),
            ("Ba\u200bnk \ufeff\u00ad\u2060B", "Bank B"),
            ("\u200dBank\u200c \u200d", "Bank"),
            ("\u200c", ""),
            ("می\u200cخواهم", "می\u200cخواهم"),
            ("Ünï 名前 👩\u200d🔧", "Ünï 名前 👩\u200d🔧"),
        ):
            self.assertEqual(expected, display_text(text))

    def test_length(self) -> None:
        """64 characters; what is beyond is cut."""
        self.assertEqual("a" * MOST_DISPLAY, display_text("a" * MOST_DISPLAY))
        self.assertEqual("a" * MOST_DISPLAY, display_text("a" * (MOST_DISPLAY + 1)))
        self.assertEqual("", display_text("\0" * 1_000_000))

    @settings(max_examples=200)
    @given(st.text(max_size=300))
    def test_any(self, text: str) -> None:
        """Whatever it was: bounded, encodable, and shown alike a second time."""
        shown = display_text(text)
        self.assertLessEqual(len(shown), MOST_DISPLAY)
        shown.encode()
        self.assertEqual(shown, display_text(shown))


class Writing(SynchronousTestCase):
    """P-Asserted-Identity, From and Privacy of our requests."""

    def write(
        self, identity: Identity, service: str = "", chosen: DialPlan | None = None
    ) -> tuple[list[str], str, str]:
        """The values of the three."""
        fields = identity_fields(identity, chosen or plan(), service)
        return (
            [str(each) for each in fields.asserted],
            str(fields.from_),
            fields.privacy,
        )

    def test_number(self) -> None:
        """Without a SIP URI the tel URI stands in both (TS Table 9)."""
        self.assertEqual(
            ([f"<{TEL}>"], f"<{TEL};nccsid=SMS>", ""),
            self.write(Identity(address=e164("+15145550001")), "SMS"),
        )

    def test_number_with_sip_uri(self) -> None:
        """A SIP URI stands in both, and the tel URI is asserted too (TS Table 9)."""
        identity = Identity(address=e164("+15145550001"), sip=sip(ALICE))
        self.assertEqual(
            ([f"<{ALICE}>", f"<{TEL}>"], f"<{ALICE};nccsid=SMS>", ""),
            self.write(identity, "SMS"),
        )

    def test_short_number(self) -> None:
        """A short number has its phone-context in both."""
        text = "tel:40404;phone-context=ims.example.net"
        self.assertEqual(
            ([f"<{text}>"], f"<{text}>", ""),
            self.write(Identity(address=short("40404"))),
        )

    def test_name(self) -> None:
        """A name is a SIP URI alone, with its display name from the table."""
        self.assertEqual(
            (["<sip:SHOP@ims.example.net>"], "<sip:SHOP@ims.example.net>", ""),
            self.write(Identity(address=name("SHOP"))),
        )
        text = '"My Bank" <sip:bank@example.net>'
        identity = Identity(address=name("BANK"))
        self.assertEqual(
            ([text], text, ""), self.write(identity, chosen=plan(names=[BANK]))
        )

    def test_display_name_of_the_table(self) -> None:
        """That of the table is cleaned too: a line more would be a header more."""
        bank = {**BANK, "display": "My\u202e \u200bBank"}
        self.assertEqual(
            ['"My Bank" <sip:bank@example.net>'],
            self.write(Identity(address=name("BANK")), chosen=plan(names=[bank]))[0],
        )

    def test_name_with_sip_uri(self) -> None:
        """No second SIP URI is asserted (RFC 3325 9.1)."""
        identity = Identity(address=name("SHOP"), sip=sip(ALICE))
        self.assertEqual(([f"<{ALICE}>"], f"<{ALICE}>", ""), self.write(identity))

    def test_sip_uri_alone(self) -> None:
        """An originator may have no number at all."""
        self.assertEqual(
            ([f"<{ALICE}>"], f"<{ALICE};nccsid=email>", ""),
            self.write(Identity(sip=sip(ALICE)), "email"),
        )

    def test_nobody(self) -> None:
        """An identity has an address."""
        self.assertRaises(ValueError, Identity, display_name="x")

    def test_display_name(self) -> None:
        """A display name stands in both, quoted and cleaned."""
        identity = Identity(address=e164("+15145550001"), display_name='A "B"\r\n')
        text = rf'"A \"B\"" <{TEL}>'
        self.assertEqual(([text], text, ""), self.write(identity))

    def test_hidden(self) -> None:
        """From is anonymous and Privacy is id (RFC 3323 4.1.1.3, RFC 3325 9.3)."""
        identity = Identity(
            address=e164("+15145550001"), display_name="Al", hidden=True
        )
        self.assertEqual(([f'"Al" <{TEL}>'], ANONYMOUS, "id"), self.write(identity))

    def test_hidden_with_service(self) -> None:
        """An anonymous From is marked with the service too (Appendix D)."""
        identity = Identity(sip=sip(ALICE), hidden=True)
        expected = '"Anonymous" <sip:anonymous@anonymous.invalid;nccsid=MMS>'
        self.assertEqual(expected, self.write(identity, "MMS")[1])

    def test_pairs(self) -> None:
        """The header fields beside From, a line for each identity."""
        identity = Identity(address=e164("+15145550001"), sip=sip(ALICE), hidden=True)
        fields = identity_fields(identity, plan())
        self.assertEqual(
            (
                ("P-Asserted-Identity", f"<{ALICE}>"),
                ("P-Asserted-Identity", f"<{TEL}>"),
                ("Privacy", "id"),
            ),
            fields.pairs(),
        )
        shown = IdentityFields(asserted=(), from_=fields.from_, privacy="")
        self.assertEqual((), shown.pairs())

    @settings(deadline=None, max_examples=50)
    @given(NUMBERS, st.booleans(), st.text(max_size=20), st.booleans())
    def test_round_trip(
        self, number: str, with_sip: bool, display: str, hidden: bool
    ) -> None:
        """What is written is read as what it was."""
        identity = Identity(
            address=e164(number),
            sip=sip(ALICE) if with_sip else None,
            display_name=display,
            hidden=hidden,
        )
        fields = identity_fields(identity, plan(), "SMS")
        from_ = parse_name_addr(str(fields.from_))
        found = originator_of(Headers(fields.pairs()), from_, plan())
        self.assertEqual(identity.address, found.address)
        self.assertEqual(identity.sip, found.sip)
        self.assertEqual(hidden, found.hidden)
        shown = "Anonymous" if hidden else display_text(display)
        self.assertEqual(shown, found.display_name)
