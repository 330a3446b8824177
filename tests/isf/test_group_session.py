"""What an invitation says of its group session (TS 5.1 steps 7a and 8, 5.2)."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.features import Feature, icsi
from cpmgw.errors import CannotInterwork
from cpmgw.isf.group_session import (
    MAX_ADDRESS,
    MAX_IDENTITY,
    canonical,
    group_session_of,
)
from cpmgw.records import GroupSession
from cpmgw.sip.uri import SipUri, TelUri, equivalent, parse_uri
from tests.isf.invitations import (
    BOB,
    CONTRIBUTION,
    CONVERSATION,
    GROUP,
    invitation,
)

SESSION = icsi(Feature.SESSION)
GROUP_SESSION = icsi(Feature.SESSION, group=True)
ALICE = "sip:alice@ims.example.net"

# The identity that is read, empty where it is no group session; why; the invitation.
TABLE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (GROUP, "isfocus in Contact", {}),
    (GROUP, "isfocus in any case", {"contact": f"<{GROUP}>;IsFocus"}),
    (GROUP, "isfocus without the .group service", {"service": SESSION}),
    (GROUP, "isfocus without a service", {"service": ""}),
    (GROUP, "isfocus without angle brackets", {"contact": f"{GROUP};isfocus"}),
    (GROUP, "Contact before From", {"from_": f"<{ALICE}>;tag=1"}),
    (
        GROUP,
        "isfocus in the second Contact",
        {"contact": f"<{ALICE}>,<{GROUP}>;isfocus"},
    ),
    (GROUP, "From by the .group service", {"contact": "<sip:cf.example.net>"}),
    (GROUP, "From without a Contact", {"contact": ""}),
    (GROUP, "any .group service", {"contact": "", "service": icsi(Feature.FILE, True)}),
    ("", "a session with one user", {"contact": f"<{ALICE}>", "service": SESSION}),
    (
        "",
        "isfocus in the URI's user",
        {"contact": "<sip:isfocus@h>", "service": SESSION},
    ),
    ("", "a session without a service", {"contact": f"<{ALICE}>", "service": ""}),
    ("", "a large message to a group", {"feature": Feature.LARGE}),
    ("", "a file to a group", {"feature": Feature.FILE}),
    ("", "a message to a group", {"method": "MESSAGE"}),
    ("", "no feature tag", {"without": ("Accept-Contact",)}),
)


class Reading(SynchronousTestCase):
    def read(self, target: str = BOB, **details: Any) -> GroupSession:
        """The group session of an invitation, which is one."""
        session = group_session_of(invitation(**details), target)
        assert session is not None
        return session

    def test_table(self) -> None:
        """Which requests are of a group session, and what identifies it.

        [TS 5.1 step 7a.i] [TS 5.1 step 8a]
        """
        for identity, why, details in TABLE:
            with self.subTest(why=why):
                found = group_session_of(invitation(**details), BOB)
                self.assertEqual(identity, found.session if found else "")

    def test_all_of_it(self) -> None:
        """What a number is kept by: user, identifiers, identity [TS 5.2]."""
        self.assertEqual(
            GroupSession(
                user=BOB,
                conversation_id=CONVERSATION,
                contribution_id=CONTRIBUTION,
                session=GROUP,
                address=GROUP,
            ),
            self.read(),
        )

    def test_identifiers(self) -> None:
        """Both identifiers are taken as they are.

        [TS 5.1 step 7a.ii] [TS 5.1 step 8b]
        """
        for contact in (f"<{GROUP}>;isfocus", ""):
            session = self.read(
                contact=contact, conversation_id="A", contribution_id="b"
            )
            self.assertEqual(
                ("A", "b"), (session.conversation_id, session.contribution_id)
            )

    def test_recipient(self) -> None:
        """The user is who the Request-URI names, a number if there is one.

        (TS 5.1 steps 7a.iii and 8c, but for the Request-URI itself)
        """
        for contact in (f"<{GROUP}>;isfocus", ""):
            self.assertEqual(BOB, self.read(contact=contact).user)

    def test_recipient_without_a_number(self) -> None:
        """A user without a number is the URI, without device (RFC 5627) or service."""
        for uri, user in (
            ("sip:bob@Example.NET;gr=urn:uuid:1", "sip:bob@example.net"),
            ("tel:123;nccsid=SMS;phone-context=a", "tel:123;phone-context=a"),
        ):
            with self.subTest(uri=uri):
                self.assertEqual(user, self.read("", uri=uri).user)

    def test_address_as_it_came(self) -> None:
        """The way to the session is its URI with all that is in it."""
        uri = "sip:Group-1@Focus.Example.NET;session=7;gr=a"
        session = self.read(contact=f'"Friends" <{uri}>;isfocus;x=y')
        self.assertEqual(uri, session.address)
        self.assertEqual("sip:Group-1@focus.example.net;gr=a", session.session)

    def test_from_beside_what_was_asserted(self) -> None:
        """A From that does not hide is the identity, whatever was asserted beside it.

        [TS 5.1 step 8a]
        """
        session = group_session_of(
            invitation(
                ("P-Asserted-Identity", f"<{ALICE}>, <tel:+15145550001>"),
                contact="<sip:cf.example.net>",
            ),
            BOB,
        )
        assert session is not None
        self.assertEqual((GROUP, GROUP), (session.session, session.address))

    def test_from_that_hides(self) -> None:
        """Where From is anonymous, the identity is what was asserted.

        (TS 5.1 step 8a; RFC 3323 4.1.1.3, RFC 3325 9.1)
        """
        session = group_session_of(
            invitation(
                ("P-Asserted-Identity", f'"Friends" <{GROUP}>'),
                contact="<sip:cf.example.net>",
                from_="<sip:anonymous@Anonymous.invalid>;tag=1",
            ),
            BOB,
        )
        assert session is not None
        self.assertEqual(GROUP, session.session)

    def test_tag_is_no_part(self) -> None:
        """The tag of a From is that of the dialog, not of the group."""
        sessions = [
            self.read(contact="", from_=f"<{GROUP}>;tag={tag}") for tag in ("1", "2")
        ]
        self.assertEqual(sessions[0], sessions[1])


class Refusing(SynchronousTestCase):
    def refusal(self, target: str = BOB, **details: Any) -> CannotInterwork:
        """Why an invitation is refused."""
        error: CannotInterwork = self.assertRaises(
            CannotInterwork, group_session_of, invitation(**details), target
        )
        self.assertEqual(400, error.status)
        self.assertEqual("unreadable", error.cause)
        return error

    def test_without_identifiers(self) -> None:
        """Every session invitation has both identifiers (conversation TS 5.3): 400."""
        for key, name in (
            ("conversation_id", "Conversation-ID"),
            ("contribution_id", "Contribution-ID"),
        ):
            with self.subTest(name=name):
                refusal = self.refusal(**{key: ""})
                self.assertEqual(f"no usable {name}", refusal.warning)
                self.assertEqual("conversation TS 5.3", refusal.section)

    def test_long_identifiers(self) -> None:
        """An identifier has 256 characters at most."""
        for key in ("conversation_id", "contribution_id"):
            with self.subTest(key=key):
                longest = invitation(**{key: "x" * MAX_ADDRESS})  # type: ignore[arg-type]
                self.assertIsNotNone(group_session_of(longest, BOB))
                self.refusal(**{key: "x" * (MAX_ADDRESS + 1)})

    def test_long_identity(self) -> None:
        """A group session's identity has 512 characters at most."""
        rest = len("sip:@h")
        longest = "x" * (MAX_IDENTITY - rest)
        contact = f"<sip:{longest}@h>;isfocus"
        self.assertIsNotNone(group_session_of(invitation(contact=contact), BOB))
        refusal = self.refusal(contact=f"<sip:x{longest}@h>;isfocus")
        self.assertIn("CPM Group Session Identity", refusal.warning)
        self.refusal(contact=f"<sip:x@h;x={longest}>;isfocus")

    def test_long_recipient(self) -> None:
        """A user's address has 256 characters at most."""
        longest = "x" * MAX_ADDRESS
        self.assertIsNotNone(group_session_of(invitation(), longest))
        self.assertIn("recipient", self.refusal(longest + "x").warning)

    def test_what_is_no_text(self) -> None:
        """What could not be kept is refused: octets that are no UTF-8, controls."""
        for text in ("\udcff", "a\x00", "a\tb"):
            with self.subTest(text=text):
                self.refusal(conversation_id=text)
                self.refusal(contribution_id=text)
                self.refusal(target=text)

    def test_other_schemes(self) -> None:
        """A group session is at a SIP or tel URI."""
        self.refusal(contact="<http://focus.example.net/1>;isfocus")
        self.refusal(contact="", from_="<mailto:group@example.net>;tag=1")
        self.refusal(target="", uri="mailto:bob@example.net")

    def test_hidden_and_not_asserted(self) -> None:
        """An anonymous From with nothing beside it identifies no session."""
        self.refusal(contact="", from_="<sip:anonymous@anonymous.invalid>;tag=1")

    def test_malformed(self) -> None:
        """Headers that cannot be read are told by their fault."""
        refusal = self.refusal(contact="<sip:group@>;isfocus")
        self.assertEqual("Malformed SIP URI", refusal.reason)
        self.refusal(contact="*")
        self.refusal(contact="", from_="<sip:@>;tag=1")


# URIs that are one thing, by RFC 3261 19.1.4 and RFC 3966 4.
SAME = (
    ("sip:a@Example.COM", "SIP:a@example.com"),
    ("sip:%61lice@h", "sip:alice@h"),
    ("sip:a%2fb@h", "sip:a%2Fb@h"),
    ("sip:a@h;transport=TCP;user=phone", "sip:a@h;USER=phone;Transport=tcp"),
    ("sip:a@h;session=1", "sip:a@h"),
    ("sip:a@h?x=1&y=2", "sip:a@h?Y=2&x=1"),
    ("sip:a@[2001:DB8::0:1]", "sip:a@[2001:db8::1]"),
    ("tel:+1-514-555-0001", "tel:+15145550001"),
    ("tel:555;phone-context=+1-514", "tel:555;phone-context=+1514"),
)
# URIs that are not.
DIFFERENT = (
    ("sip:a@h", "sip:A@h"),
    ("sip:a@h", "sips:a@h"),
    ("sip:a@h", "sip:a@h:5060"),
    ("sip:a@h", "sip:a:secret@h"),
    ("sip:a@h", "sip:h"),
    ("sip:a@h", "sip:a@h;transport=udp"),
    ("sip:a@h", "sip:a@h;maddr=10.0.0.1"),
    ("sip:a@h", "sip:a@h;gr"),
    ("sip:a@h;gr=1", "sip:a@h;gr=2"),
    ("sip:a@h", "sip:a@h?subject=x"),
    ("sip:a%2fb@h", "sip:a/b@h"),
    ("tel:555;phone-context=a.example", "tel:555;phone-context=b.example"),
    ("tel:+15145550001", "sip:+15145550001@h;user=phone"),
)


class Comparison(SynchronousTestCase):
    def test_same(self) -> None:
        """Equivalent URIs have one text (RFC 3261 19.1.4, RFC 3966 4)."""
        for one, other in SAME:
            with self.subTest(one=one, other=other):
                self.assertTrue(equivalent(parse_uri(one), parse_uri(other)))
                self.assertEqual(canonical(parse_uri(one)), canonical(parse_uri(other)))

    def test_different(self) -> None:
        """Other URIs have other texts."""
        for one, other in DIFFERENT:
            with self.subTest(one=one, other=other):
                self.assertNotEqual(
                    canonical(parse_uri(one)), canonical(parse_uri(other))
                )

    def test_any_order_and_case(self) -> None:
        """Whatever order and case parameters and headers have, the text is one."""

        @given(
            st.permutations(
                [("user", "phone"), ("gr", "X"), ("ttl", "1"), ("z", None)]
            ),
            st.permutations([("a", "1"), ("b", "2")]),
        )
        def check(
            parameters: list[tuple[str, str | None]], headers: list[tuple[str, str]]
        ) -> None:
            uri = SipUri("sip", "u", "h", None, None, tuple(parameters), tuple(headers))
            upper = SipUri(
                "sip",
                "u",
                "H",
                None,
                None,
                tuple([(name.upper(), value) for name, value in parameters]),
                tuple([(name.upper(), value) for name, value in headers]),
            )
            self.assertEqual("sip:u@h;gr=x;ttl=1;user=phone?a=1&b=2", canonical(uri))
            self.assertEqual(canonical(uri), canonical(upper))

        check()

    def test_it_is_its_own(self) -> None:
        """The text is a URI that stays as it is."""
        for text in [each for pair in SAME + DIFFERENT for each in pair]:
            with self.subTest(text=text):
                once = canonical(parse_uri(text))
                uri = parse_uri(once)
                self.assertIsInstance(uri, SipUri | TelUri)
                self.assertEqual(once, canonical(uri))
