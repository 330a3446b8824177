"""The texts of sessions, the people in them, and participant information as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.originator import originator_of
from cpmgw.cpm.conference_info import (
    ConferenceState,
    Endpoint,
    Status,
    User,
)
from cpmgw.iwf.sessions import wording
from cpmgw.iwf.sessions.people import (
    MOST_CHARACTERS,
    MOST_NAMES,
    listed,
    people_of,
)
from cpmgw.iwf.sessions.wording import Person, Wording, person_at, person_of, shown
from cpmgw.policy.session import SessionPolicy, contradictions
from cpmgw.policy.texts import ENGLISH, PLACES, LanguageRule, SessionTexts
from cpmgw.sip.headers import Headers, parse_name_addr
from tests.addressing.plans import e164, plan

FRENCH = msgspec.structs.replace(ENGLISH, language="fr", leave=("quitter",))
GERMAN = msgspec.structs.replace(ENGLISH, language="de")
PLAN = plan()
CARRIER = plan(names=[{"name": "BANK", "uri": "sip:bank@ims.example.net"}])


def texts(**changed: str) -> SessionTexts:
    """English with some texts of the operator's own."""
    return msgspec.structs.replace(ENGLISH, **changed)


class Languages(SynchronousTestCase):
    def test_longest_prefix(self) -> None:
        """The texts are those of the longest prefix of the number."""
        policy = SessionPolicy(
            texts=(ENGLISH, FRENCH, GERMAN),
            languages=(
                LanguageRule(prefix="+33", language="fr"),
                LanguageRule(prefix="+", language="en"),
                LanguageRule(prefix="+3366", language="de"),
            ),
        )
        self.assertEqual(contradictions(policy), {})
        found = Wording(policy)
        for number, language in (
            ("+33612345678", "fr"),
            ("+33661234567", "de"),
            ("+15145550001", "en"),
        ):
            self.assertEqual(found.of(number).language, language)

    def test_otherwise_the_first(self) -> None:
        """Others are told in the first language; so is who has no number."""
        policy = SessionPolicy(
            texts=(FRENCH, ENGLISH),
            languages=(LanguageRule(prefix="+44", language="en"),),
        )
        for number in ("+15145550001", "BANK", ""):
            self.assertEqual(Wording(policy).of(number).language, "fr")


class People(SynchronousTestCase):
    """How a person is named (Table 8, policy participant_names)."""

    def test_number_name_or_both(self) -> None:
        """By policy, and what there is where one is missing. [TS 6.2.2.1.6]"""
        ann = Person(number="+15145550001", name="Ann")
        cases: tuple[tuple[Person, str, str, str], ...] = (
            (ann, "+15145550001", "Ann", "Ann (+15145550001)"),
            *[
                (person, found, found, found)
                for person, found in (
                    (Person(number="+15145550001"), "+15145550001"),
                    (Person(name="Ann"), "Ann"),
                    (Person(name="Ann", address="ann@example.net"), "Ann"),
                    (Person(address="ann@example.net"), "ann@example.net"),
                    (Person(number="+1514555", name="+1514555"), "+1514555"),
                    (Person(), "Anonymous"),
                )
            ],
        )
        for person, number, name, both in cases:
            self.assertEqual(shown(person, "number"), number)
            self.assertEqual(shown(person, "name"), name)
            self.assertEqual(shown(person, "both"), both)

    def test_hidden(self) -> None:
        """Of who is hidden no number and no address is ever told."""
        for name, expected in (("", "Anonymous"), ("Zorro", "Zorro")):
            person = Person(
                number="+15145550001", name=name, address="x@y", hidden=True
            )
            for names in ("number", "name", "both"):
                self.assertEqual(shown(person, names), expected)

    def test_names_are_made_safe(self) -> None:
        """A name is one line, without controls, of bounded length."""
        for name in ("A\r\nnn", "A\x00nn", "A\u202enn", "A" * 10_000):
            person = Person(number="+15145550001", name=name)
            text = shown(person, "both")
            self.assertTrue(text.isprintable(), repr(text))
            self.assertLessEqual(len(text), 64 + len(" (+15145550001)"))

    def of(self, asserted: str = "", from_: str = "<tel:+15145550001>") -> Person:
        """Whom a request is from."""
        fields = [("P-Asserted-Identity", asserted)] if asserted else []
        found = originator_of(Headers(fields), parse_name_addr(from_), PLAN)
        return person_of(found)

    def test_person_of_an_originator(self) -> None:
        """The number and display name of P-Asserted-Identity, otherwise of From."""
        self.assertEqual(
            self.of('"Ann" <sip:+15145550009@x;user=phone>'),
            Person(number="+15145550009", name="Ann"),
        )
        self.assertEqual(self.of(), Person(number="+15145550001"))
        self.assertEqual(
            self.of("<sip:ann%20b@example.net>"), Person(address="ann b@example.net")
        )

    def test_person_of_a_hidden_originator(self) -> None:
        """One who hides has a pseudonym or nothing."""
        found = self.of(
            "<tel:+15145550001>", '"Zorro" <sip:anonymous@anonymous.invalid>'
        )
        self.assertEqual(found, Person(name="Zorro", hidden=True))

    def test_person_at_a_uri(self) -> None:
        """CPIM From and <user> entities: numbers, addresses, and what is neither."""
        for uri, expected in (
            ("tel:+15145550001", Person(number="+15145550001", name="Ann")),
            (
                "sip:+15145550001@x;user=phone",
                Person(number="+15145550001", name="Ann"),
            ),
            ("sip:ann@example.net", Person(name="Ann", address="ann@example.net")),
            ("sip:example.net", Person(name="Ann", address="example.net")),
            ("mailto:ann@example.net", Person(name="Ann", address="ann@example.net")),
            ("sip:anonymous@anonymous.invalid", Person(name="Ann", hidden=True)),
            ("not a uri", Person(name="Ann")),
            ("", Person(name="Ann")),
        ):
            self.assertEqual(person_at(uri, "Ann", PLAN), expected, uri)

    def test_person_of_the_table_of_names(self) -> None:
        """A listed sender goes by its name."""
        found = person_at("sip:bank@ims.example.net", "", CARRIER)
        self.assertEqual(shown(found, "both"), "BANK")


class Texts(SynchronousTestCase):
    def test_every_text_of_the_default(self) -> None:
        """Each text with all its places filled. [TS 6.2.2.1.3 step 3]"""
        say: tuple[tuple[str, str], ...] = (
            (
                wording.invitation(ENGLISH, sender="Ann"),
                "Ann would like to chat with you. "
                "Answer yes to accept or no to decline.",
            ),
            (
                wording.group_invitation(
                    ENGLISH, sender="Ann", group="Chess", participants="Bob, Eve"
                ),
                'Ann invites you to the group "Chess" (Bob, Eve). '
                "Answer yes to accept or no to decline.",
            ),
            (
                wording.invited(ENGLISH, sender="Ann"),
                "Ann has started a chat with you.",
            ),
            (
                wording.group_invited(ENGLISH, sender="Ann", group="Chess"),
                'Ann has added you to the group "Chess".',
            ),
            (
                wording.late(ENGLISH, sender="Ann"),
                "It is too late to answer the invitation of Ann.",
            ),
            (
                wording.closed(ENGLISH, sender="Ann"),
                "The chat with Ann has been closed.",
            ),
            (
                wording.group_closed(ENGLISH, group="Chess"),
                'The group "Chess" has been closed.',
            ),
            (wording.how_to_leave(ENGLISH), "Send leave to leave."),
            (
                wording.participants(ENGLISH, group="Chess", participants="Bob, Eve"),
                'In the group "Chess": Bob, Eve.',
            ),
            (wording.group_message(ENGLISH, sender="Ann", text="Hi"), "Ann: Hi"),
        )
        for found, expected in say:
            self.assertEqual(found, expected)

    def test_every_text_has_a_function(self) -> None:
        """No text of the policy is without one that fills it."""
        for name in PLACES:
            self.assertTrue(callable(getattr(wording, name, None)), name)

    def test_what_is_missing_leaves_no_trace(self) -> None:
        """Without a group's name or members, quotes, brackets and colons go as well."""
        self.assertEqual(
            wording.group_invitation(ENGLISH, sender="Ann"),
            "Ann invites you to the group. Answer yes to accept or no to decline.",
        )
        self.assertEqual(wording.participants(ENGLISH, group="G"), 'In the group "G".')
        self.assertEqual(
            wording.participants(ENGLISH, participants="Bob"), "In the group: Bob."
        )
        self.assertEqual(wording.group_closed(ENGLISH), "The group has been closed.")

    def test_templates_with_a_subject(self) -> None:
        """What encloses a missing place goes with all that is in it."""
        for template, without, with_ in (
            (
                "{sender} invites you (about {subject}).",
                "Ann invites you.",
                "Ann invites you (about Chess).",
            ),
            ("«{subject}» {sender}", "Ann", "«Chess» Ann"),
            ("{subject}: {sender} writes", "Ann writes", "Chess: Ann writes"),
            ("From {sender}: {subject}", "From Ann", "From Ann: Chess"),
            (
                "{sender} [{subject}, {sender}] calls",
                "Ann [, Ann] calls",
                "Ann [Chess, Ann] calls",
            ),
            ("{sender} {{x}}", "Ann {x}", "Ann {x}"),
            ("{sender} (now) {subject}", "Ann (now)", "Ann (now) Chess"),
        ):
            own = texts(invited=template)
            self.assertEqual(wording.invited(own, sender="Ann"), without)
            self.assertEqual(wording.invited(own, sender="Ann", subject="Chess"), with_)

    def test_first_keyword_is_named(self) -> None:
        """Texts name the first word of each kind."""
        own = texts(invited="{sender}: {leave}")
        own = msgspec.structs.replace(own, leave=("stop", "leave"))
        self.assertEqual(wording.invited(own, sender="Ann"), "Ann: stop")

    def test_text_is_unchanged(self) -> None:
        """The text of a message goes through as it is, places and blanks in it too."""
        for text in ("{sender} {text} {0}", "  two  blanks ", "a\nb", "(x) \0"):
            found = wording.group_message(ENGLISH, sender="Ann", text=text)
            self.assertEqual(found, f"Ann: {text}")

    def test_subjects_and_groups_are_made_safe(self) -> None:
        """Those come from outside: one line, no controls, at most 64 characters."""
        hostile = "{leave}\r\n\x07\u202e" + "x" * 5_000
        calls: tuple[Callable[[], str], ...] = (
            lambda: wording.group_closed(ENGLISH, group=hostile),
            lambda: wording.group_invited(ENGLISH, sender="Ann", group=hostile),
            lambda: wording.invited(
                texts(invited="{sender}, {subject}"), sender="Ann", subject=hostile
            ),
        )
        for call in calls:
            found = call()
            self.assertTrue(found.isprintable())
            self.assertIn("{leave}", found)
            self.assertLess(len(found), 130)

    @given(
        some.lists(
            some.sampled_from(
                ["{sender}", "{subject}", " ", '"', "(", ")", ",", ".", "a", "{{", "}}"]
            ),
            max_size=30,
        ),
        some.sampled_from(["", "S"]),
    )
    def test_any_template(self, pieces: list[str], subject: str) -> None:
        """Whatever an operator writes is filled; to the letter with nothing missing."""
        template = "".join(pieces)
        found = wording.invited(texts(invited=template), sender="A", subject=subject)
        if subject:
            self.assertEqual(found, template.format(sender="A", subject="S"))
        self.assertNotIn("\0", found)


class Participants(SynchronousTestCase):
    """Participant information as text (Table 8). [TS 6.2.2.1.6]"""

    def state(self, *users: User) -> ConferenceState:
        """A conference with these users."""
        return ConferenceState(version=1, users=users)

    def names(self, state: ConferenceState, **details: Any) -> str:
        """Who is told to Bob."""
        own = {e164("+15145550002"), e164("+15145550100")}
        return listed(people_of(state, PLAN, own), "both", **details)

    def test_members(self) -> None:
        """Members by name and number, who has gone left out."""
        gone = (Endpoint("e", Status.DISCONNECTED),)
        state = self.state(
            User("tel:+15145550001", "Ann"),
            User("sip:eve@example.net"),
            User("tel:+15145550004", "Gone", endpoints=gone),
            User("sip:anonymous@anonymous.invalid", "Zorro"),
        )
        self.assertEqual(
            self.names(state), "Ann (+15145550001), eve@example.net, Zorro"
        )

    def test_not_the_user_himself(self) -> None:
        """The user that is told is left out: by address, and by <yourown>."""
        state = self.state(
            User("tel:+15145550002", "Bob"),
            User("sip:+15145550002@x;user=phone"),
            User("tel:+15145550100"),
            User("sip:me@example.net", own=True),
            User("tel:+15145550001"),
        )
        self.assertEqual(self.names(state), "+15145550001")

    def test_bounded(self) -> None:
        """As many names as the limit are told; one more is counted."""
        people = [Person(name=f"P{n}") for n in range(MOST_NAMES + 1)]
        self.assertNotIn("(", listed(people[:-1], "name"))
        self.assertTrue(listed(people, "name").endswith(f"P{MOST_NAMES - 1} (+1)"))
        self.assertEqual(listed(people[:3], "name", most=2), "P0, P1 (+1)")

    def test_room(self) -> None:
        """Names have no more room than there is; one has as much as it needs."""
        people = [Person(name=letter * 60) for letter in "abcdefgh"]
        self.assertEqual(len(listed(people[:4], "name")), 246)
        self.assertTrue(listed(people, "name").endswith(f"{'d' * 60} (+4)"))
        fitting = [Person(name=letter * 59) for letter in "abcd"]
        last = MOST_CHARACTERS - len(listed(fitting, "name")) - len(", ")
        full = listed([*fitting, Person(name="x" * last)], "name")
        self.assertEqual((len(full), full[-1]), (MOST_CHARACTERS, "x"))
        more = listed([*fitting, Person(name="x" * (last + 1))], "name")
        self.assertTrue(more.endswith("d (+1)"))

    def test_nobody(self) -> None:
        """Nobody is told as nothing."""
        self.assertEqual(self.names(self.state()), "")

    def test_unreadable_entity(self) -> None:
        """A member whose URI cannot be read is told by name."""
        self.assertEqual(self.names(self.state(User("<>", "Ann"))), "Ann")
