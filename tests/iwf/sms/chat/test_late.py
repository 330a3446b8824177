"""Answers that come too late (TS 6.1.4 step 8 e)."""

from __future__ import annotations

from cpmgw.iwf.parties import Ends
from tests.flows.dialog import invite
from tests.iwf.sms.chat.room import ALICE, BOB, Room
from tests.iwf.sms.chat.test_invitations import TOO_LATE
from txsmpp.status import CommandStatus


class Late(Room):
    """Step 8 e: an answer after its time."""

    session = {"accept": "ask", "answer_timeout": 60}

    def setUp(self) -> None:
        super().setUp()
        pending = self.ask(invite(ALICE, BOB))
        self.network.advance(61)
        self.assertEqual(self.successResultOf(pending).status, 408)
        del self.link.submitted[:]

    def test_told(self) -> None:
        """8 e: who accepts too late is told so, once. [TS 6.1.4 step 8e]"""
        self.assertEqual(self.taken("yes"), CommandStatus.ESME_ROK)
        self.assertEqual(
            self.link.texts,
            [TOO_LATE],
        )
        self.assertEqual(self.passed_on("yes"), ALICE)

    def test_other_words(self) -> None:
        """Anything but an acceptance is a message."""
        self.assertEqual(self.passed_on("no"), ALICE)
        self.assertEqual(self.link.texts, [])

    def test_something_else_since(self) -> None:
        """What was sent since, under that number, is what is answered now."""
        ends = self.short_message("").ends
        self.chats.written(Ends(ends.target, ends.originator))
        self.assertEqual(self.passed_on("yes"), ALICE)

    def test_newer_invitation(self) -> None:
        """A newer invitation makes the first one's answer nobody's."""
        self.change(accept="accept", inform_invited="never")
        self.establish(call_id="2")
        self.within("BYE", self.answered)
        self.assertEqual(self.passed_on("yes"), ALICE)

    def test_much_later(self) -> None:
        """After as long again nobody remembers."""
        self.network.advance(60)
        self.assertEqual(self.passed_on("yes"), ALICE)
        self.assertEqual(self.link.texts, [])


class LateIgnored(Room):
    session = {"accept": "ask", "answer_timeout": 60, "late_answer": "ignore"}

    def test_ignored(self) -> None:
        """8 e: by policy nothing is said."""
        pending = self.ask(invite(ALICE, BOB))
        self.network.advance(61)
        self.successResultOf(pending)
        self.assertEqual(self.taken("yes"), CommandStatus.ESME_ROK)
        self.assertEqual(len(self.link.submitted), 1)
