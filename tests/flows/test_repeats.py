"""docs/decisions/0003: a repeated request or deliver_sm makes no second message."""

from __future__ import annotations

from cpmgw.lab.behaviour import CpmBehaviour, SmsBehaviour
from tests.flows.house import ALICE, BOB, House
from tests.flows.machine import Mortal


class FromCpm(House):
    """A request that comes again in a transaction of its own."""

    def test_after_the_answer(self) -> None:
        """The same Message-ID gets the same answer, and SMS no second message."""
        first = self.send(text="Hello", message_id="m-1", conversation_id="c-1")
        again = self.send(text="Hello", message_id="m-1", conversation_id="c-1")
        assert first.response is not None and again.response is not None
        self.assertEqual((first.status, again.status), (202, 202))
        for name in ("Conversation-ID", "Message-Correlator", "Message-Context"):
            self.assertEqual(
                first.response.headers.get(name), again.response.headers.get(name)
            )
        self.assertEqual(len(self.centre.submitted), 1)

    def test_while_in_flight(self) -> None:
        """What comes while the first is being worked on waits for its answer."""
        self.centre.behave(SmsBehaviour(delay=3.0))
        sent = [self.send(text="Hello", message_id="m-1") for _ in range(3)]
        self.assertEqual([each.status for each in sent], [0, 0, 0])
        self.network.advance(3.1)
        self.settle()
        self.assertEqual([each.status for each in sent], [202, 202, 202])
        self.assertEqual(len(self.centre.submitted), 1)

    def test_refusal_may_be_tried_again(self) -> None:
        """Refusals are not kept: who was refused is meant to try again."""
        self.centre.behave(SmsBehaviour(status=0x08))
        self.assertEqual(self.send(text="Hello", message_id="m-1").status, 503)
        self.centre.behave(SmsBehaviour())
        self.assertEqual(self.send(text="Hello", message_id="m-1").status, 202)
        self.assertEqual(len(self.centre.submitted), 1)

    def test_refusal_while_another_waits(self) -> None:
        """Who waited for a request that failed shares its refusal."""
        self.centre.behave(SmsBehaviour(delay=2.0, throttled=1, throttle_status=0x08))
        sent = [self.send(text="Hello", message_id="m-1") for _ in range(3)]
        self.network.advance(5)
        self.settle()
        self.assertEqual([each.status for each in sent], [503, 503, 503])
        self.assertEqual(self.send(text="Hello", message_id="m-1").status, 0)
        self.network.advance(5)
        self.settle()
        self.assertEqual(len(self.centre.submitted), 1)

    def test_other_message_id(self) -> None:
        """The same text with another Message-ID is another message."""
        self.send(text="ok")
        self.send(text="ok")
        self.assertEqual(len(self.centre.submitted), 2)

    def test_other_sender(self) -> None:
        """A Message-ID belongs to its sender."""
        self.send(text="ok", message_id="m-1")
        self.send(text="ok", message_id="m-1", sender="tel:+15145550009")
        self.assertEqual(len(self.centre.submitted), 2)

    def test_after_the_duplicate_window(self) -> None:
        """After duplicate_window the answer is forgotten."""
        self.send(text="Hello", message_id="m-1")
        self.network.advance(599)
        self.send(text="Hello", message_id="m-1")
        self.assertEqual(len(self.centre.submitted), 1)
        self.network.advance(2)
        self.send(text="Hello", message_id="m-1")
        self.assertEqual(len(self.centre.submitted), 2)


class AfterARestart(Mortal):
    def test_same_answer(self) -> None:
        """The answer is on disk before it is given: a crash does not forget it."""
        first = self.send(text="Hello", message_id="m-1")
        self.restart()
        again = self.send(text="Hello", message_id="m-1")
        assert first.response is not None and again.response is not None
        self.assertEqual(again.status, 202)
        self.assertEqual(
            again.response.headers.get("Contribution-ID"),
            first.response.headers.get("Contribution-ID"),
        )
        self.assertEqual(len(self.centre.submitted), 1)


class FromSms(House):
    """A deliver_sm that comes again."""

    def sms(self, text: str) -> list[list[int]]:
        """Bob writes; the list gets the command_status once there is one."""
        statuses: list[list[int]] = []
        self.centre.send_sms(BOB[4:], ALICE[4:], text).addCallback(statuses.append)
        self.settle()
        return statuses

    def reconnect(self) -> None:
        """Lose the session with the SM-SC; another one is bound soon after."""
        self.network.cut("127.0.0.1", 2775)
        self.network.advance(4)
        self.wait_until(lambda: self.gateway.centres[0].bound)

    def test_over_another_session(self) -> None:
        """One whose answer was lost with the session is known: ESME_ROK, once."""
        self.cpm.behave(CpmBehaviour(delay=2.0))
        statuses = self.sms("ok")
        self.reconnect()
        self.network.advance(10)
        self.settle()
        self.assertEqual(statuses, [[0]])
        self.assertEqual(self.cpm.user(ALICE).texts, ["ok"])

    def test_same_session_after_a_timely_answer(self) -> None:
        """A person may send "ok" twice, and a third time."""
        for count in (1, 2, 3):
            self.assertEqual(self.sms("ok"), [[0]])
            self.assertEqual(self.cpm.user(ALICE).texts, ["ok"] * count)
        identities = {each.message_id for each in self.cpm.user(ALICE).inbox}
        self.assertEqual(len(identities), 3)

    def test_in_flight(self) -> None:
        """One that comes while the first is unanswered shares its answer."""
        self.cpm.behave(CpmBehaviour(delay=2.0))
        both = [self.sms("ok"), self.sms("ok")]
        self.network.advance(3)
        self.settle()
        self.assertEqual(both, [[[0]], [[0]]])
        self.assertEqual(self.cpm.user(ALICE).texts, ["ok"])

    def test_after_a_late_answer(self) -> None:
        """An SM-SC that gave up waiting tries again over the same session: known."""
        self.cpm.behave(CpmBehaviour(delay=12.0))
        self.sms("ok")
        self.network.advance(13)
        self.settle()
        self.cpm.behave(CpmBehaviour())
        self.assertEqual(self.sms("ok"), [[0]])
        self.assertEqual(self.cpm.user(ALICE).texts, ["ok"])

    def test_second_equal_message_refused_for_now(self) -> None:
        """A second "ok" that has to be tried again is one message, not two."""
        self.sms("ok")
        self.cpm.behave(CpmBehaviour(status=503))
        statuses = self.sms("ok")
        self.cpm.behave(CpmBehaviour())
        self.network.advance(6)
        self.settle()
        self.assertEqual(statuses, [[0]])
        self.pass_time(650)
        self.assertEqual(self.cpm.user(ALICE).texts, ["ok", "ok"])

    def test_second_equal_message_over_another_session(self) -> None:
        """A second "ok" whose session is lost is not taken for the first one."""
        self.sms("ok")
        self.cpm.behave(CpmBehaviour(status=503, delay=1.0))
        statuses = self.sms("ok")
        self.reconnect()
        self.cpm.behave(CpmBehaviour())
        self.network.advance(10)
        self.settle()
        self.assertEqual(statuses, [[0]])
        self.assertEqual(self.cpm.user(ALICE).texts, ["ok", "ok"])

    def test_refused_for_now_and_never_brought_again(self) -> None:
        """What was not taken stays the SM-SC's: it is not delivered behind its back."""
        self.cpm.behave(CpmBehaviour(status=503))
        self.sms("ok")
        self.network.partition("127.0.0.1", 2775)
        self.cpm.behave(CpmBehaviour())
        self.pass_time(650)
        self.assertEqual(self.cpm.user(ALICE).texts, [])


class FromAPatientCentre(House):
    """An SM-SC that waits as long as it takes."""

    smsc = "patience = 60.0"

    def test_after_a_slow_answer(self) -> None:
        """What was answered slowly, and heard, is no repeat when it comes again."""
        self.cpm.behave(CpmBehaviour(delay=12.0))
        self.sms("ok")
        self.network.advance(13)
        self.settle()
        self.cpm.behave(CpmBehaviour())
        self.assertEqual(self.sms("ok"), [[0]])
        self.assertEqual(self.cpm.user(ALICE).texts, ["ok", "ok"])

    def sms(self, text: str) -> list[list[int]]:
        """Bob writes to Alice; the statuses once there are some."""
        statuses: list[list[int]] = []
        self.centre.send_sms(BOB[4:], ALICE[4:], text).addCallback(statuses.append)
        self.settle()
        return statuses


class FromSmsAfterARestart(Mortal):
    def test_taken_before_the_crash(self) -> None:
        """What the CPM side took before the crash is ESME_ROK and not sent again."""
        statuses: list[list[int]] = []
        self.centre.send_sms(BOB[4:], ALICE[4:], "ok").addCallback(statuses.append)
        self.settle()
        self.assertEqual(self.cpm.user(ALICE).texts, ["ok"])
        pdu_again: list[int] = []
        self.restart()
        self.centre.send_sms(BOB[4:], ALICE[4:], "ok").addCallback(pdu_again.extend)
        self.settle()
        self.assertEqual((statuses, pdu_again), ([[0]], [0]))
        self.assertEqual(self.cpm.user(ALICE).texts, ["ok"])

    def test_in_flight_at_the_crash(self) -> None:
        """What was under way comes again, with identifiers by which it is known."""
        self.cpm.behave(CpmBehaviour(delay=5.0))
        statuses: list[list[int]] = []
        self.centre.send_sms(BOB[4:], ALICE[4:], "ok").addCallback(statuses.append)
        self.settle()
        self.restart()
        self.cpm.behave(CpmBehaviour())
        self.network.advance(10)
        self.settle()
        self.assertEqual(statuses, [[0]])
        inbox = self.cpm.user(ALICE).inbox
        self.assertEqual({each.text for each in inbox}, {"ok"})
        self.assertEqual(len({each.message_id for each in inbox}), 1)
        self.assertEqual(len({each.contribution_id for each in inbox}), 1)
