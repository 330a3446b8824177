"""How sessions with SMS users end (TS 6.1.6, 6.2.2.1.4), and are replaced (RCC.10)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.iwf.sms.chat.chats import SmsChats
from cpmgw.msrp.errors import SessionClosed, SessionLost
from cpmgw.policy.sms import SmsPolicy
from tests.flows.dialog import IDS, invite
from tests.iwf.sessions.stand_ins import Stream
from tests.iwf.sms.chat.room import ALICE, BOB, Room
from txsmpp.status import CommandStatus

CAROL = "tel:+15145550003"


class Closing(Room):
    """A BYE of the CPM user, by the policy that tells of it."""

    session: dict[str, Any] = {"inform_invited": "never"}
    told = ["The chat with +15145550001 has been closed."]

    def test_bye(self) -> None:
        """200, a message of it by policy, and all is released.

        [TS 6.1.6.1] [TS 6.2.2.1.4]
        """
        answer = self.establish()
        bye = self.within("BYE", answer)
        self.assertEqual(bye.status, 200)
        self.assertIn("IWF-SMS-serv", bye.headers.get("Server") or "")
        self.assertEqual(bye.headers.get("Contribution-ID"), "part-1")
        self.assertEqual(self.link.texts, self.told)
        self.assertTrue(self.stream.closed)
        self.assertEqual((len(self.chats), self.byes), (0, []))

    def test_counted(self) -> None:
        """Sessions that stand are counted, and so is what is said in them."""
        answer = self.invite()
        self.assertEqual(self.house.traffic.sessions, 0)
        self.ack(answer)
        self.assertEqual(self.house.traffic.sessions, 1)
        self.say("Hello")
        self.arrive(b"<isComposing/>", "application/im-iscomposing+xml")
        self.taken("Hi")
        counts = {("outbound", 200): 1, ("inbound", 200): 1}
        self.assertEqual(dict(self.house.traffic.chats), counts)
        self.within("BYE", answer)
        self.assertEqual(self.house.traffic.sessions, 0)

    def test_from_the_number_shown(self) -> None:
        """Table 6: it comes from the number that messages come from."""
        self.within("BYE", self.establish())
        for sent in self.link.submitted:
            self.assertEqual(
                (sent.source_addr, sent.destination_addr),
                ("15145550001", "15145550002"),
            )

    def test_failed_message(self) -> None:
        """That the user cannot be told changes nothing."""
        self.link.statuses = [CommandStatus.ESME_RINVDSTADR]
        self.assertEqual(self.within("BYE", self.establish()).status, 200)
        self.assertEqual(len(self.chats), 0)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_before_the_ack(self) -> None:
        """A BYE before the ACK ends it too."""
        self.assertEqual(self.within("BYE", self.invite()).status, 200)
        self.assertEqual(len(self.chats), 0)
        self.assertEqual(self.stream.remotes, [])

    def test_msrp_lost(self) -> None:
        """Where MSRP is lost, or never connects, a BYE says so; the user is told."""
        self.establish()
        self.stream.user.lost(Exception("not connected"))
        self.network.settle()
        (bye,) = self.byes
        self.assertEqual(
            bye.headers.get("Reason"), 'SIP;cause=480;text="MSRP session lost"'
        )
        self.assertEqual(self.link.texts, self.told)
        self.assertEqual(len(self.chats), 0)

    def test_msrp_lost_before_it_began(self) -> None:
        """Where MSRP is lost already when the ACK comes, nothing is begun."""
        for fault in (SessionClosed("over"), SessionLost("unreachable")):
            answer = self.invite(call_id=str(fault))
            self.stream.fault = fault
            self.ack(answer)
            self.network.settle()
            self.assertEqual(len(self.chats), 0)
        self.assertEqual(len(self.byes), 2)


class ClosingGroupsOnly(Closing):
    session = {"inform_invited": "never", "inform_closed": "group"}
    told: list[str] = []


class NeverClosing(Closing):
    """RCC.10 4: closing a session is only a technical event."""

    session = {"inform_invited": "never", "inform_closed": "never"}
    told: list[str] = []


class Reloading(Room):
    session = {"inform_invited": "never", "inform_closed": "never"}

    def test_what_it_began_with(self) -> None:
        """Another policy is for sessions that begin from then on."""
        answer = self.establish()
        self.change(inform_closed="always", leave_by_text=False)
        self.within("BYE", answer)
        self.assertEqual(self.link.texts, [])
        again = self.establish(call_id="2")
        self.taken("leave")
        self.assertEqual(len(self.stream.sent), 1)
        self.within("BYE", again)
        self.assertEqual(len(self.link.texts), 1)


class HeldText(Room):
    policy = {"sms": SmsPolicy(closing_text=7)}
    session = {"inform_invited": "never"}

    def test_text_of_the_centre(self) -> None:
        """Table 6: where the SM-SC holds the text, none is sent."""
        self.within("BYE", self.establish())
        (sent,) = self.link.submitted
        self.assertEqual((sent.short_message, sent.sm_default_msg_id), (b"", 7))  # type: ignore[union-attr]


class Timers(Room):
    session = {"inform_invited": "never", "idle_timeout": 100}

    def test_expired(self) -> None:
        """RFC 4028 10: nobody refreshed it: BYE, and the user is told."""
        timer = (("Session-Expires", "90;refresher=uac"), ("Supported", "timer"))
        self.establish(headers=(*IDS, *timer))
        self.network.advance(91)
        self.assertEqual(len(self.byes), 1)
        self.assertEqual(len(self.link.texts), 1)
        self.assertEqual(len(self.chats), 0)

    def test_idle(self) -> None:
        """A session without a message for so long is closed."""
        self.establish()
        self.network.advance(99)
        self.assertEqual(self.byes, [])
        self.network.advance(2)
        (bye,) = self.byes
        self.assertEqual(
            bye.headers.get("Reason"), 'SIP;cause=480;text="No message for too long"'
        )
        self.assertEqual(len(self.chats), 0)

    def test_not_idle(self) -> None:
        """A message either way begins the time anew."""
        self.establish()
        self.network.advance(90)
        self.say("Hello")
        self.network.advance(90)
        self.taken("Hi")
        self.network.advance(90)
        self.assertEqual(self.byes, [])
        self.network.advance(20)
        self.assertEqual(len(self.byes), 1)


class NoTimers(Room):
    session = {"inform_invited": "never", "idle_timeout": 0}

    def test_never_idle(self) -> None:
        """By policy a session may be silent for ever."""
        self.establish()
        self.network.advance(100_000)
        self.assertEqual(len(self.byes), 1)  # of the session timer, by RFC 4028
        self.assertNotIn("No message", self.byes[0].headers.get("Reason") or "")


class Replacing(Room):
    """RCC.10 6.1.4: a second invitation by the same user."""

    session = {"inform_invited": "never", "inform_closed": "always"}

    def second(self) -> Any:
        """Another invitation of the same two."""
        return invite(ALICE, BOB, call_id="2")

    def test_too_early(self) -> None:
        """Before the ACK of the first it is answered 600.

        [RCC.10 6.1.4 clarification 2]
        """
        first = self.invite()
        self.assertEqual(self.answer(self.second()).status, 600)
        self.ack(first)
        third = invite(ALICE, BOB, call_id="3")
        self.assertEqual(self.answer(third).status, 200)

    def test_replaced(self) -> None:
        """After its ACK the first gets a BYE, and messages go in the second.

        [RCC.10 6.1.4 clarification 3]
        """
        self.establish()
        old = self.stream
        answer = self.invite(self.second())
        self.assertEqual(answer.status, 200)
        self.taken("into the old one")
        self.assertEqual(self.byes, [])
        self.ack(answer)
        new = self.stream
        (bye,) = self.byes
        self.assertEqual(bye.call_id, "invite-1")
        self.assertTrue(old.closed)
        self.taken("into the new one")
        self.assertEqual([len(old.sent), len(new.sent)], [1, 1])
        self.assertEqual(self.link.texts, [])
        self.assertEqual(len(self.chats), 1)

    def test_second_fails(self) -> None:
        """A second one that never stands leaves the first as it was."""
        self.establish()
        old = self.stream
        self.invite(self.second())
        self.network.advance(40)
        self.assertFalse(old.closed)
        self.taken("Hi")
        self.assertEqual(len(old.sent), 1)

    def test_other_people(self) -> None:
        """Others are not in the way of it, and not replaced."""
        self.establish()
        self.establish(invite(CAROL, BOB, call_id="2"))
        self.establish(invite(ALICE, CAROL, call_id="3"))
        self.assertEqual((len(self.chats), self.byes), (3, []))


class Separate(Room):
    session = {
        "inform_invited": "never",
        "sender": "number",
        "second_invitation": "separate",
    }

    def test_beside_each_other(self) -> None:
        """By policy both go on, told apart by their numbers."""
        first = self.establish()
        one = self.stream
        self.establish(invite(ALICE, BOB, call_id="2"))
        two = self.stream
        self.taken("one", target="+15145559000")
        self.taken("two", target="+15145559001")
        self.assertEqual([len(one.sent), len(two.sent)], [1, 1])
        self.say("from one", stream=one)
        self.assertEqual(self.link.submitted[-1].source_addr, "15145559000")
        self.first = invite(ALICE, BOB)
        self.within("BYE", first)
        self.assertEqual(self.numbers_in_use, ["+15145559001"])

    def test_not_even_600(self) -> None:
        """The second need not wait for the first."""
        self.invite()
        self.assertEqual(self.answer(invite(ALICE, BOB, call_id="2")).status, 200)


class OwnNumber(Room):
    """6.2.2.1.3 step 1: a number that stands for the session."""

    session = {"inform_invited": "always", "sender": "number"}

    def test_number(self) -> None:
        """All comes from it, the invitation says who it is; then it is given back.

        [TS 6.2.2.1.3 step 1]
        """
        answer = self.establish()
        self.assertIsNone(answer.headers.get("IW-Number"))
        self.say("Hello")
        self.within("BYE", answer)
        self.assertEqual(
            self.link.texts[0], "+15145550001 has started a chat with you."
        )
        sources = {each.source_addr for each in self.link.submitted}
        self.assertEqual((len(self.link.submitted), sources), (3, {"15145559000"}))
        self.assertEqual(self.numbers_in_use, [])

    def test_kept_over_a_replacement(self) -> None:
        """The session that replaces another has its number, and no other user's."""
        self.establish()
        self.establish(invite(ALICE, BOB, call_id="2"))
        self.assertEqual(list(self.store.allocations), [("+15145559000", BOB[4:])])
        self.assertEqual(self.taken("Hi", target="+15145559000"), 0)

    def test_two_at_once(self) -> None:
        """Of two that come while a number is looked for the second is 600."""
        self.store.slow = []
        first = self.ask(invite(ALICE, BOB))
        second = self.ask(invite(ALICE, BOB, call_id="2"))
        for gate in self.store.slow:
            gate.callback(None)
        self.network.settle()
        self.assertEqual(self.successResultOf(first).status, 200)
        self.assertEqual(self.successResultOf(second).status, 600)
        self.assertEqual(len(self.store.allocations), 1)

    def test_stopped_meanwhile(self) -> None:
        """One that waits for a number while the gateway stops is not accepted."""
        for accept in ("accept", "ask"):
            self.change(accept=accept)
            self.store.slow = []
            pending = self.ask(invite(ALICE, BOB, call_id=accept))
            stopped = Deferred.fromCoroutine(self.chats.stop())
            self.store.slow[0].callback(None)
            self.network.settle()
            self.assertEqual(self.successResultOf(pending).status, 480)
            self.successResultOf(stopped)
            self.assertEqual(self.numbers_in_use, [])
            self.chats.start()

    def test_refused(self) -> None:
        """An invitation that fails leaves no number taken."""
        self.node.room = False
        self.assertEqual(self.invite().status, 480)
        self.assertEqual(self.numbers_in_use, [])


class Anonymous(Room):
    """The number that stands for all who are anonymous."""

    session = {"inform_invited": "always"}
    policy = {"anonymous_number": "+15145550100"}
    private = (*IDS, ("Privacy", "id"))

    def test_shown(self) -> None:
        """Who is anonymous is shown by that number and a word."""
        self.establish(headers=self.private)
        self.assertEqual(self.link.texts, ["Anonymous has started a chat with you."])
        self.assertEqual(self.link.submitted[0].source_addr, "15145550100")
        self.assertEqual(self.taken("Hi", target="+15145550100"), 0)

    def test_two(self) -> None:
        """It stands for one session of a user: a second one is refused for now."""
        self.establish(headers=self.private)
        other = invite(CAROL, BOB, call_id="2", headers=self.private)
        self.assertEqual(self.answer(other).status, 480)
        self.assertEqual(len(self.chats), 1)


class Both(Room):
    session = {"inform_invited": "never"}

    def test_crossing(self) -> None:
        """Both hang up at once: each BYE is answered, and all is released once."""
        answer = self.establish()
        request = self.in_dialog("BYE", answer)
        self.network.partition("127.0.0.1", 5070)
        left = self.write("leave")
        self.network.heal("127.0.0.1", 5070)
        bye = self.ask(request)
        self.network.advance(1)
        self.assertEqual(self.successResultOf(bye).status, 200)
        self.assertEqual(self.successResultOf(left), CommandStatus.ESME_ROK)
        self.assertEqual(len(self.chats), 0)

    def test_stop(self) -> None:
        """A stop ends what stands with a BYE, and waits for it."""
        self.establish()
        chats: SmsChats = self.chats
        self.assertEqual(len(chats), 1)
        self._stop_now()
        self.assertEqual((len(chats), len(self.byes)), (0, 1))
        assert isinstance(self.stream, Stream)
        self.assertTrue(self.stream.closed)

    def _stop_now(self) -> None:
        self.calls.stop()
        self.network.settle()
