"""What an SMS user reads, in which order, and what not any more (TS 6.1.5.1, 6.1.6)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from tests.flows.dialog import invite
from tests.iwf.sms.chat.room import ALICE, BOB, Room
from tests.iwf.sms.chat.test_messages import cpim
from txsmpp.status import CommandStatus

CLOSED = "The chat with +15145550001 has been closed."


class Slow(Room):
    """The SM-SC takes its time with each message."""

    session: dict[str, Any] = {
        "inform_invited": "never",
        "leave_instructions": "never",
    }

    def hear(self, text: str) -> Deferred[int]:
        """Alice says something."""
        return self.arrive(cpim("text/plain", text.encode()))

    def hold(self, count: int) -> None:
        """The next messages wait for `release`."""
        self.link.statuses = [None] * count

    def release(self) -> None:
        """The SM-SC answers what it was given last."""
        self.link.held[-1].callback(self.link.answer())
        self.network.settle()


class Ends(Slow):
    def test_closed_comes_last(self) -> None:
        """What came before the BYE is read before it is said that all is over."""
        answer = self.establish()
        self.hold(2)
        for text in ("1", "2"):
            self.hear(text)
        self.assertEqual(self.within("BYE", answer).status, 200)
        self.assertEqual(self.link.texts, ["1"])
        self.release()
        self.release()
        self.assertEqual(self.link.texts, ["1", "2", CLOSED])

    def test_nothing_after_leaving(self) -> None:
        """Who has left reads nothing more of it."""
        self.establish()
        self.hold(1)
        self.hear("1")
        second = self.hear("2")
        self.assertEqual(self.taken("leave"), CommandStatus.ESME_ROK)
        self.release()
        self.assertEqual(self.successResultOf(second), 413)
        self.assertEqual(self.link.texts, ["1"])

    def test_nothing_after_the_loss_of_msrp(self) -> None:
        """What nobody can be answered is not delivered behind a loss."""
        self.establish()
        self.hold(1)
        self.hear("1")
        self.hear("2")
        self.stream.user.lost(Exception("gone"))
        self.network.settle()
        self.release()
        self.assertEqual(self.link.texts, ["1", CLOSED])

    def test_replaced(self) -> None:
        """What the first session has said is read before what the second says."""
        self.establish()
        self.hold(3)
        for text in ("1", "2"):
            self.hear(text)
        self.establish(invite(ALICE, BOB, call_id="2"))
        self.hear("3")
        for _ in range(3):
            self.release()
        self.assertEqual(self.link.texts, ["1", "2", "3"])

    def test_other_users(self) -> None:
        """Nobody waits for what another user is sent."""
        self.establish()
        self.hold(1)
        self.hear("1")
        self.establish(invite(ALICE, "tel:+15145550003", call_id="2"))
        self.hear("2")
        self.assertEqual(self.link.texts, ["1", "2"])
        self.link.held[0].callback(self.link.answer())

    def test_stop(self) -> None:
        """A gateway that stops does not wait for what waits for its turn."""
        answer = self.establish()
        self.hold(1)
        first, second = self.hear("1"), self.hear("2")
        self.within("BYE", answer)
        stopped = Deferred.fromCoroutine(self.chats.stop())
        self.assertEqual(self.successResultOf(second), 413)
        self.successResultOf(stopped)
        self.release()
        self.assertEqual(self.successResultOf(first), 200)
        self.assertEqual(self.link.texts, ["1"])


class NeverStood(Room):
    """A session that was accepted, and whose ACK never came."""

    session = {"accept": "ask"}

    def test_accepted_in_vain(self) -> None:
        """Who has accepted is told that it was closed."""
        pending = self.ask(invite(ALICE, BOB))
        self.taken("yes")
        self.assertEqual(self.successResultOf(pending).status, 200)
        self.network.advance(40)
        self.assertEqual(self.link.texts[1:], [CLOSED])

    def test_lost_before_the_ack(self) -> None:
        """Also where MSRP was lost by then."""
        pending = self.ask(invite(ALICE, BOB))
        self.taken("yes")
        self.successResultOf(pending)
        self.stream.user.lost(Exception("gone"))
        self.network.advance(40)
        self.assertEqual(self.link.texts[1:], [CLOSED])


class NeverKnown(Room):
    session = {"inform_invited": "never"}

    def test_closed_before_it_stood(self) -> None:
        """Who was told of nothing is not told that it is over."""
        self.within("BYE", self.invite())
        self.assertEqual(self.link.texts, [])


class Idle(Room):
    session = {"inform_invited": "never", "idle_timeout": 100}

    def test_composing_is_no_message(self) -> None:
        """Who only types keeps no session open."""
        self.establish()
        for _ in range(3):
            self.network.advance(40)
            self.arrive(b"<isComposing/>", "application/im-iscomposing+xml")
        self.assertEqual(len(self.byes), 1)
