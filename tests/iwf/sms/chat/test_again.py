"""Invitations again and again, and too many of them (TS 6.1.4 steps 7 and 8)."""

from __future__ import annotations

from tests.flows.dialog import IDS, invite
from tests.iwf.sms.chat.room import ALICE, BOB, Room


class AskedAgain(Room):
    """Nobody has a handset ring again and again."""

    session = {"accept": "ask", "answer_timeout": 10, "ask_again": 60}

    def refuse(self) -> None:
        """The user is asked, and says no."""
        pending = self.ask(invite(ALICE, BOB))
        self.taken("no")
        self.successResultOf(pending)

    def test_after_a_refusal(self) -> None:
        """Until it is time the same inviter is refused, and told when to come."""
        self.refuse()
        self.network.advance(59.5)
        answer = self.answer(invite(ALICE, BOB, call_id="2"))
        self.assertEqual((answer.status, self.refusal.cause), (480, "asked-just-now"))
        self.assertEqual(answer.headers.get("Retry-After"), "1")
        self.assertEqual(len(self.link.texts), 1)
        self.network.advance(0.5)
        again = self.ask(invite(ALICE, BOB, call_id="3"))
        self.taken("yes")
        self.assertEqual(self.successResultOf(again).status, 200)

    def test_after_silence(self) -> None:
        """Silence is as good as a refusal."""
        pending = self.ask(invite(ALICE, BOB))
        self.network.advance(10.1)
        self.assertEqual(self.successResultOf(pending).status, 408)
        self.assertEqual(self.answer(invite(ALICE, BOB, call_id="2")).status, 480)

    def test_after_a_cancel(self) -> None:
        """Who gives up, again and again, floods no handset."""
        pending = self.ask(invite(ALICE, BOB))
        self.peer.cancel(pending)
        self.network.settle()
        self.assertEqual(self.successResultOf(pending).status, 487)
        self.assertEqual(self.answer(invite(ALICE, BOB, call_id="2")).status, 480)
        self.assertEqual(len(self.link.texts), 1)

    def test_others(self) -> None:
        """Others may ask, and others be asked."""
        self.refuse()
        carol = "tel:+15145550003"
        for sender, user in ((carol, BOB), (ALICE, carol)):
            pending = self.ask(invite(sender, user, call_id=sender + user))
            self.assertNoResult(pending)
            self.taken("no", target=sender[4:], source=user[4:])
            self.successResultOf(pending)

    def test_accepted_by_policy(self) -> None:
        """Where nobody is asked nobody waits."""
        self.refuse()
        self.change(accept="accept")
        self.assertEqual(self.answer(invite(ALICE, BOB, call_id="2")).status, 200)

    def test_no_pause(self) -> None:
        """By policy there is no wait."""
        self.change(ask_again=0)
        self.refuse()
        pending = self.ask(invite(ALICE, BOB, call_id="2"))
        self.assertNoResult(pending)
        self.taken("no")


class TooMany(Room):
    session = {"inform_invited": "never", "most_per_inviter": 2}

    def test_limit(self) -> None:
        """As many as one inviter may have, and one more; one that ends makes room."""
        users = [f"tel:+1514555010{number}" for number in range(3)]
        first = self.invite(invite(ALICE, users[0], call_id="0"))
        self.ack(first)
        self.assertEqual(self.answer(invite(ALICE, users[1], call_id="1")).status, 200)
        refused = self.answer(invite(ALICE, users[2], call_id="2"))
        self.assertEqual(refused.status, 480)
        self.assertEqual(refused.headers.get("Retry-After"), "5")
        self.assertEqual(self.refusal.cause, "too-many-of-inviter")
        other = invite("tel:+15145550003", users[2], call_id="3")
        self.assertEqual(self.answer(other).status, 200)
        self.within("BYE", first)
        self.assertEqual(self.answer(invite(ALICE, users[2], call_id="4")).status, 200)

    def test_replacement(self) -> None:
        """What takes the place of a session is not one more."""
        for number in range(2):
            user = f"tel:+1514555010{number}"
            self.establish(invite(ALICE, user, call_id=user))
        again = invite(ALICE, "tel:+15145550100", call_id="y")
        self.assertEqual(self.answer(again).status, 200)

    def test_two_at_once(self) -> None:
        """Those whose numbers are looked for at once count too."""
        self.change(sender="number", most_per_inviter=1)
        self.store.slow = []
        pending = [
            self.ask(invite(ALICE, f"tel:+1514555010{number}", call_id=str(number)))
            for number in range(2)
        ]
        for gate in self.store.slow:
            gate.callback(None)
        self.network.settle()
        found = [self.successResultOf(each).status for each in pending]
        self.assertEqual(found, [200, 480])


class Unlimited(Room):
    session = {"inform_invited": "never", "most_per_inviter": 0}

    def test_no_limit(self) -> None:
        """0 is no limit."""
        for number in range(25):
            user = f"tel:+151455501{number:02}"
            status = self.answer(invite(ALICE, user, call_id=user)).status
            self.assertEqual(status, 200)


class GoesOn(Room):
    """A second invitation while a session stands. [RCC.10 6.1.4 clarification 3]"""

    session = {"accept": "ask"}

    def test_not_asked_again(self) -> None:
        """It takes the place of the session, and the user is not asked again."""
        self.first = invite(ALICE, BOB)
        pending = self.ask(self.first)
        self.taken("yes")
        self.ack(self.successResultOf(pending))
        self.say("Hello")
        told = len(self.link.texts)
        self.establish(invite(ALICE, BOB, call_id="2"))
        self.assertEqual(len(self.byes), 1)
        self.say("again", message_id="m-2")
        self.assertEqual(self.link.texts[told:], ["again"])

    def test_not_informed_again(self) -> None:
        """Nor is the user told again that it began."""
        self.change(accept="accept", inform_invited="always")
        self.establish()
        self.establish(invite(ALICE, BOB, call_id="2"))
        self.assertEqual(len(self.link.texts), 1)


class Subjects(Room):
    session = {"accept": "ask"}

    def test_told(self) -> None:
        """8 a: the Subject is in the question. [TS 6.1.4 step 8a]"""
        headers = (*IDS, ("Subject", "Dinner"))
        pending = self.ask(invite(ALICE, BOB, headers=headers))
        (text,) = self.link.texts
        self.assertIn("to chat with you (Dinner).", text or "")
        self.taken("no")
        self.successResultOf(pending)
