"""TS 6.2.3: large messages that fail when nobody hears of it by MSRP any more."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.cpm.events import FailedIw, parse_event
from cpmgw.lab.behaviour import CpmBehaviour, SmsBehaviour
from cpmgw.msrp.errors import MsrpError
from tests.flows.house import BOB
from tests.flows.large import TEXT, LargeOutbound
from tests.flows.messages import Talk

FAILURE = 0xFE  # RDELIVERYFAILURE, of Table 2
LATE_FAILURE = SmsBehaviour(status=FAILURE, delay=5.0)


class AfterABye(LargeOutbound):
    """The sender hangs up while SMS has the message (TS 6.2.3)."""

    def left(self, imdn: tuple[str, ...]) -> Talk:
        """A session that its sender has left before SMS says no."""
        self.centre.behave(LATE_FAILURE)
        talk = self.established()
        talk.say(TEXT, imdn=imdn, message_id="gone").addErrback(_lost)
        self.settle()
        self.assertEqual(talk.bye().status, 200)
        return talk

    def test_notification(self) -> None:
        """A negative-delivery IMDN where one was asked for, and no event."""
        self.left(("negative-delivery",))
        self.pass_time(20.0)
        self.assertEqual([n.message_id for n in self.alice.notifications], ["gone"])
        self.assertEqual(self.cpm.events, [])

    def test_event(self) -> None:
        """Otherwise the <failed-iw> event. [TS 6.2.3 B]"""
        self.left(("positive-delivery",))
        self.pass_time(20.0)
        self.assertEqual(self.alice.notifications, [])
        (event,) = self.cpm.events
        self.assertEqual(parse_event(event.content), FailedIw(BOB, "gone"))

    def test_told_later(self) -> None:
        """A CPM side that cannot be reached is told later, by another process too."""
        self.cpm.behave(CpmBehaviour(event_status=503))
        self.left(())
        self.pass_time(20.0)
        self._stop(self.gateway)
        self.cpm.behave(CpmBehaviour())
        before = len(self.cpm.events)
        self.gateway = self.start_gateway()
        self.pass_time(120.0)
        events = [parse_event(each.content) for each in self.cpm.events[before:]]
        self.assertEqual(events, [FailedIw(BOB, "gone")])

    def test_unknown(self) -> None:
        """Nobody is told of a failure where nobody knows what has left."""
        self.centre.behave(SmsBehaviour(silent=True))
        talk = self.established()
        talk.say(TEXT, message_id="gone").addErrback(_lost)
        self.settle()
        talk.bye()
        self.pass_time(150.0)
        self.assertEqual((self.alice.notifications, self.cpm.events), ([], []))


class AfterAnEarlyAnswer(LargeOutbound):
    policy = "large.early_timeout = 3"

    def test_failure(self) -> None:
        """What was answered 408 early and then fails is told of. [TS 6.1.2 408]"""
        self.centre.behave(LATE_FAILURE)
        talk = self.established()
        sent = talk.say(TEXT, message_id="early")
        self.pass_time(4.0)
        self.assertEqual(self.successResultOf(sent), 408)
        talk.bye()
        self.pass_time(20.0)
        (event,) = self.cpm.events
        self.assertEqual(parse_event(event.content), FailedIw(BOB, "early"))
        self.assertEqual(self.gateway.traffic.refused[480, "smsc-refused"], 1)

    def test_heard(self) -> None:
        """Who hears of it by MSRP is told no second time."""
        self.centre.behave(SmsBehaviour(status=FAILURE))
        talk = self.established()
        self.assertEqual(self.say(talk, message_id="heard"), 413)
        self.pass_time(20.0)
        self.assertEqual((self.alice.notifications, self.cpm.events), ([], []))


class Repeats(LargeOutbound):
    def test_while_in_hand(self) -> None:
        """A repeat after a lost answer gets that of the first; SMS has it once."""
        self.centre.behave(SmsBehaviour(delay=5.0))
        first = self.established()
        first.say(TEXT, message_id="again").addErrback(_lost)
        self.settle()
        first.bye()
        second = self.established()
        sent: Deferred[int] = second.say(TEXT, message_id="again")
        self.pass_time(8.0)
        self.assertEqual(self.successResultOf(sent), 200)
        self.assertEqual(self.bob.texts, [TEXT])
        self.assertIn("Message-Correlator", second.bye().headers)


def _lost(failure: object) -> None:
    failure.trap(MsrpError)  # type: ignore[attr-defined]
