"""What the SMS user of a session reads (TS 6.2.2.1.3 to 6.2.2.1.6)."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.chat_content import chat_message, read_chat
from cpmgw.cpm.conference_info import ConferenceState, User
from cpmgw.cpm.resource_lists import Entry
from cpmgw.iwf.sessions.texts import Texts, texts_for
from cpmgw.policy import Policy
from cpmgw.policy.session import SessionPolicy
from cpmgw.policy.texts import ENGLISH, LanguageRule
from cpmgw.sip.message import Request
from tests.flows.dialog import invite
from tests.iwf.sessions.invites import (
    ALICE,
    BOB,
    PLAN,
    membership_of,
    to_group,
    with_history,
)

CAROL = "tel:+15145550003"


def named(request: Request, subject: str) -> Request:
    """The request with a Subject."""
    return request.replace(headers=request.headers.with_replaced("Subject", subject))


def texts(request: Request | None = None, **policy: Any) -> Texts:
    """The texts of a session, by default of Alice and Bob."""
    return Texts(membership_of(request, Policy(session=SessionPolicy(**policy))), PLAN)


def message(text: str = "Hello", sender: str = ALICE) -> Any:
    """A chat message."""
    octets = chat_message(
        text, sender=sender, recipient=BOB, message_id="m", datetime=""
    )
    return read_chat("message/cpim", octets)


class Invitations(SynchronousTestCase):
    def test_question(self) -> None:
        """Who invites, and how to answer. [TS 6.1.4 step 8a]"""
        self.assertEqual(
            texts().question(),
            "+15145550001 would like to chat with you. "
            "Answer yes to accept or no to decline.",
        )

    def test_subject(self) -> None:
        """The Subject is told where the text has a place for it."""
        wanted = ENGLISH.invitation + " ({subject})"
        changed = {**_fields(), "invitation": wanted}
        told = texts(
            named(invite(ALICE, BOB), "Chess"), texts=(type(ENGLISH)(**changed),)
        ).question()
        self.assertTrue(told.endswith("(Chess)"), told)

    def test_group(self) -> None:
        """The inviter and the group are told, and who is invited too.

        [TS 6.2.2.1.3 step 2]
        """
        request = named(
            with_history(to_group(), Entry(CAROL, display_name="Carol")), "Club"
        )
        self.assertEqual(
            texts(request).question(),
            '+15145550001 invites you to the group "Club" (Carol (+15145550003)). '
            "Answer yes to accept or no to decline.",
        )
        self.assertEqual(
            texts(request).news(), '+15145550001 has added you to the group "Club".'
        )

    def test_informed(self) -> None:
        """Where the session was accepted for the user that is told."""
        self.assertEqual(texts().news(), "+15145550001 has started a chat with you.")

    def test_late(self) -> None:
        """TS 6.1.4 step 8e: an answer that came too late."""
        self.assertIn("too late", texts().late())

    def test_language(self) -> None:
        """Each user is told in the language of the number."""
        french = type(ENGLISH)(**{**_fields(), "language": "fr", "accept": ("oui",)})
        policy = SessionPolicy(
            texts=(ENGLISH, french),
            languages=(LanguageRule(prefix="+1514", language="fr"),),
        )
        found = texts_for(membership_of(policy=Policy(session=policy)))
        self.assertEqual(found.accept, ("oui",))


class Closing(SynchronousTestCase):
    def test_of_two(self) -> None:
        """TS 6.2.2.1.4: the chat is closed."""
        self.assertEqual(
            texts().closed(), "The chat with +15145550001 has been closed."
        )

    def test_of_a_group(self) -> None:
        """TS 6.2.2.1.4: the group is closed."""
        self.assertEqual(
            texts(named(to_group(), "Club")).closed(),
            'The group "Club" has been closed.',
        )


class Messages(SynchronousTestCase):
    state = ConferenceState(
        users=(User(ALICE, "Alice"), User(BOB), User(CAROL, "Carol"))
    )

    def test_of_two(self) -> None:
        """A message of two is as it came; CPIM From says nothing there.

        [RCC.10 6.1.5.1 difference 2]
        """
        told = texts(leave_instructions="never").message(message(), 1, None)
        self.assertEqual(told, "Hello")

    def test_author_in_a_group(self) -> None:
        """A group's message names who wrote it (Table 7, CPIM From)."""
        told = texts(to_group(), leave_instructions="never")
        self.assertEqual(
            told.message(message(sender=CAROL), 1, None), "+15145550003: Hello"
        )

    def test_leave_instructions(self) -> None:
        """How to leave stands in the first message, in every one, or in none."""
        for policy, expected in (
            ("first", [True, False]),
            ("every", [True, True]),
            ("never", [False, False]),
        ):
            told = texts(leave_instructions=policy)
            found = [
                told.message(message(), place, None) == "Hello\nSend leave to leave."
                for place in (1, 2)
            ]
            self.assertEqual(found, expected, policy)

    def test_participants(self) -> None:
        """By policy who takes part is told too, the user left out."""
        told = texts(
            to_group(), leave_instructions="never", participants_in_messages=True
        )
        self.assertEqual(
            told.message(message(), 1, self.state).splitlines(),
            [
                "+15145550001: Hello",
                "In the group: Alice (+15145550001), Carol (+15145550003).",
            ],
        )
        self.assertEqual(told.message(message(), 1, None), "+15145550001: Hello")

    def test_nobody_to_name(self) -> None:
        """Where there is nobody to name nothing is said."""
        told = texts(
            to_group(), leave_instructions="never", participants_in_messages=True
        )
        alone = ConferenceState(users=(User(BOB),))
        self.assertEqual(told.participants(alone), "")
        self.assertEqual(told.message(message(), 1, alone), "+15145550001: Hello")

    def test_news_of_participants(self) -> None:
        """Table 8: the group's name is the newest one."""
        state = ConferenceState(users=self.state.users[2:], subject="Chess")
        self.assertEqual(
            texts(to_group()).participants(state),
            'In the group "Chess": Carol (+15145550003).',
        )


def _fields() -> dict[str, Any]:
    names = type(ENGLISH).__struct_fields__
    return {name: getattr(ENGLISH, name) for name in names}
