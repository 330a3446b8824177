"""A gateway that stops in the midst of work: nothing is lost, nothing is left."""

from __future__ import annotations

from cpmgw.gateway import Gateway
from cpmgw.iwf.sms.service import SmsInterworkingFactory
from cpmgw.lab.behaviour import CpmBehaviour, SmsBehaviour
from cpmgw.lab.handset import SmsOptions, compose
from tests.flows.house import ALICE, BOB, House
from txsmpp.status import CommandStatus
from txsmpp.text.policy import Segmentation, TextPolicy

LONG = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. " * 5


class Stopping(House):
    """A gateway that is told to stop."""

    def begin_to_stop(self) -> list[object]:
        """Stop the gateway; the list gets something once it has stopped."""
        stopped: list[object] = []
        self.gateway.stopService().addBoth(stopped.append)
        self.network.settle()
        return stopped

    def stop(self, seconds: float) -> None:
        """Stop, in at most so many seconds."""
        stopped = self.begin_to_stop()
        self.wait_for(stopped, seconds)
        self.assertEqual(stopped, [None])

    def wait_for(self, stopped: list[object], seconds: float) -> None:
        """Let so much time pass at most, until it has stopped."""
        for _ in range(int(seconds * 10)):
            self.settle()
            if stopped:
                return
            self.network.advance(0.1)
        self.network.wait_until(lambda: stopped)

    def start_again(self) -> Gateway:
        """Another gateway on the same state."""
        self.gateway = self.start_gateway()
        return self.gateway

    def assert_nothing_left(self) -> None:
        """Nothing of the gateway's is left in the network."""
        self._let_go_of_the_unanswered()
        stopped: list[object] = []
        self.lab.stopService().addBoth(stopped.append)
        for _ in range(50):
            self.network.advance(1)
        self.assertTrue(stopped)
        # Transactions and held connections of the lab have ended as well by now.
        left = [str(call) for call in self.network.calls]
        self.assertEqual([call for call in left if "Carriage._expire" not in call], [])
        self.assertEqual(self.network._connections, [])
        self.assertEqual(self.network._streams, {})
        self.assertEqual(self.network._ports, {})


class Shutdown(Stopping):
    def test_at_rest(self) -> None:
        """A gateway that does nothing stops at once, and leaves nothing."""
        self.send(text="Hello")
        self.stop(0.5)
        self.assert_nothing_left()

    def test_submission_in_flight(self) -> None:
        """What SMS answers while the gateway stops is answered 202."""
        self.centre.behave(SmsBehaviour(delay=2.0))
        sent = self.send(text="Hello")
        stopped = self.begin_to_stop()
        self.network.advance(2.1)
        self.wait_for(stopped, 5)
        self.network.settle()
        self.assertEqual(sent.status, 202)

    def test_report_of_what_was_in_flight(self) -> None:
        """Its report finds it in the next process."""
        self.centre.behave(SmsBehaviour(delay=2.0, receipt_delay=60.0))
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        stopped = self.begin_to_stop()
        self.network.advance(2.1)
        self.wait_for(stopped, 5)
        self.start_again()
        self.network.advance(70)
        self.settle()
        self.assertEqual(sent.outcome, [("delivery-notification", "delivered")])

    def test_submission_that_takes_too_long(self) -> None:
        """What is not done when the drain is over is 503: its sender tries again."""
        self.centre.behave(SmsBehaviour(silent=True))
        one = self.send(text="Hello")
        many = self.send(text=LONG)
        self.stop(30)
        self.network.settle()
        self.assertEqual((one.status, many.status), (503, 503))
        self.assert_nothing_left()

    def test_new_requests_are_refused(self) -> None:
        """While it stops, what is new is 503 with Retry-After."""
        self.centre.behave(SmsBehaviour(delay=2.0))
        first = self.send(text="one")
        stopped = self.begin_to_stop()
        second = self.cpm.send_text(ALICE, BOB, "two")
        self.network.settle()
        self.assertEqual((first.status, second.status), (0, 503))
        self.network.advance(2.1)
        self.wait_for(stopped, 5)
        self.assertEqual(first.status, 202)

    def test_inbound_in_flight(self) -> None:
        """What the CPM side takes while the gateway stops is ESME_ROK, once."""
        self.cpm.behave(CpmBehaviour(delay=2.0))
        done: list[list[int]] = []
        self.centre.send_sms(BOB[4:], ALICE[4:], "Hi").addCallback(done.append)
        self.settle()
        stopped = self.begin_to_stop()
        self.network.advance(2.1)
        self.wait_for(stopped, 5)
        self.assertEqual(done, [[0]])
        self.assertEqual(self.cpm.user(ALICE).texts, ["Hi"])

    def test_inbound_that_takes_too_long(self) -> None:
        """What it has not taken by then comes again to the next process."""
        self.cpm.behave(CpmBehaviour(silent=True))
        done: list[list[int]] = []
        self.centre.send_sms(BOB[4:], ALICE[4:], "Hi").addCallback(done.append)
        self.settle()
        self.stop(30)
        self.cpm.behave(CpmBehaviour())
        self.start_again()
        for _ in range(4):
            self.network.advance(5)
            self.settle()
        self.assertEqual(done, [[0]])
        self.assertEqual(self.cpm.user(ALICE).texts, ["Hi"])

    def test_receipts_while_it_stops(self) -> None:
        """A receipt that comes while the gateway stops is brought again."""
        self.centre.behave(SmsBehaviour(receipt_delay=1.0))
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.cpm.behave(CpmBehaviour(delay=20.0))
        done: list[list[int]] = []
        self.centre.send_sms(BOB[4:], ALICE[4:], "slow").addCallback(done.append)
        self.settle()
        stopped = self.begin_to_stop()
        self.network.advance(1.1)
        self.wait_for(stopped, 20)
        self.cpm.behave(CpmBehaviour())
        self.start_again()
        for _ in range(4):
            self.network.advance(5)
            self.settle()
        self.assertIn(("delivery-notification", "delivered"), sent.outcome)

    def test_overdue_delivery_in_flight(self) -> None:
        """A sweep that waits for the CPM side does not hold the stop up."""
        pdus = compose(
            BOB[4:],
            ALICE[4:],
            LONG,
            7,
            SmsOptions(policy=TextPolicy(segmentation=Segmentation.SAR)),
        )
        self.centre.sessions[-1].deliver(pdus[0])
        self.settle()
        self.cpm.behave(CpmBehaviour(silent=True))
        self.network.advance(599)
        self.settle()
        self.network.advance(6)
        self.settle()
        self.stop(10)

    def test_while_it_starts(self) -> None:
        """A gateway that is told to stop before it has started does both."""
        self.stop(1)
        factories = (SmsInterworkingFactory(),)
        self.gateway = Gateway(self.reactor(), self.config(), factories=factories)
        self.gateway.startService()
        self.assertFalse(self.gateway.centres[0].running)
        self.stop(10)
        self.assert_nothing_left()

    def test_lost_sm_sc(self) -> None:
        """A gateway whose SM-SC is away stops all the same."""
        self.network.partition("127.0.0.1", 2775)
        self.network.cut("127.0.0.1", 2775)
        self.settle()
        self.stop(10)


class WaitingSegments(Stopping):
    policy = 'ack_segments = "delivered"'

    def test_segments_that_wait(self) -> None:
        """Segments that wait for their rest are refused for now by the stop."""
        pdus = compose(
            BOB[4:],
            ALICE[4:],
            LONG,
            7,
            SmsOptions(policy=TextPolicy(segmentation=Segmentation.SAR)),
        )
        statuses: list[int] = []
        self.centre.sessions[-1].deliver(pdus[0]).addCallback(
            lambda response: statuses.append(response.command_status)
        )
        self.settle()
        self.stop(1)
        self.network.settle()
        self.assertEqual(statuses, [CommandStatus.ESME_RX_T_APPN])
