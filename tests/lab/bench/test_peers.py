"""The load's two ends: the paces of its CPM side, and its SM-SC."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.lab.bench.centre import BenchCentre
from cpmgw.lab.bench.cpm import CpmLoad
from cpmgw.lab.bench.ledger import Ledger
from cpmgw.lab.bench.pacing import Rate, Window
from txsmpp.codec import decode, encode
from txsmpp.constants import MessageState
from txsmpp.framer import Framer
from txsmpp.pdu import (
    BindTransceiver,
    BindTransceiverResp,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    Pdu,
    SubmitSm,
    SubmitSmResp,
)
from txsmpp.text.receipt import parse_receipt


class Paces(SynchronousTestCase):
    def test_window_keeps_so_many_at_the_gateway(self) -> None:
        """A closed loop fills its window, and again as messages are done."""
        ledger, pace = Ledger(), Window(3)
        self.assertEqual(pace.due(1.0, ledger), [1.0] * 3)
        numbers = [ledger.send(1.0) for _ in range(3)]
        self.assertEqual(pace.due(2.0, ledger), [])
        ledger.answer(numbers[0], 202, 2.0)
        self.assertEqual(pace.due(3.0, ledger), [3.0])

    def test_rate_does_not_wait_for_answers(self) -> None:
        """An open loop sends at its rate, and what is late as due when it was due."""
        ledger, pace = Ledger(), Rate(1000.0, 10.0)
        moments = pace.due(20.0, ledger)
        self.assertLess(abs(len(moments) - 10_000), 400)
        self.assertEqual(moments, sorted(moments))
        self.assertGreaterEqual(moments[0], 10.0)
        self.assertLessEqual(moments[-1], 20.0)
        self.assertEqual(pace.due(20.0, ledger), [])


class Sender(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.ledger = Clock(), Ledger()
        self.written: list[bytes] = []
        self.load = CpmLoad(self.clock, self.ledger)
        self.load.connected(self.written.append, "UDP", 9)
        self.load.pacing.pace = Window(1)
        self.load.pacing.send()

    def test_unanswered_is_sent_again(self) -> None:
        """What got no answer in T1 leaves again, the same octets (17.1.2.2)."""
        self.clock.pump([0.1] * 6)
        self.assertEqual(self.written, [self.written[0]] * 2)
        self.assertEqual(self.ledger.resent, 1)

    def test_nothing_is_sent_again_over_a_stream(self) -> None:
        """What leaves over TCP leaves once (17.1.2.2: Timer E is for datagrams)."""
        written: list[bytes] = []
        load = CpmLoad(self.clock, Ledger(), "tcp")
        load.connected(written.append, "TCP", 9)
        load.pacing.pace = Window(1)
        self.clock.pump([0.1] * 20)
        self.assertEqual(len(written), 1)

    def test_answer_lets_the_next_leave(self) -> None:
        """A final response makes room; a provisional one does not."""
        sent = self.written[0].partition(b"Call-ID: ")[2].partition(b"\r\n")[0]
        for status, count in ((b"100", 1), (b"202", 2)):
            answer = b"SIP/2.0 " + status + b" x\r\nCall-ID: " + sent + b"\r\n\r\n"
            self.load.received(answer, self.written.append)
            self.assertEqual(self.ledger.sent, count)


class Centre(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.ledger = Clock(), Ledger()
        self.centre = BenchCentre(self.clock, self.ledger, delay=0.2, window=2)
        self.connection = self.centre.buildProtocol(None)
        self.transport = StringTransport()
        self.connection.makeConnection(self.transport)
        self.framer = Framer(4096)

    def said(self) -> list[Pdu]:
        """The PDUs that it has written since it was last asked."""
        octets = self.transport.value()
        self.transport.clear()
        found = self.framer.feed(octets)
        self.assertTrue(all(isinstance(each, Pdu) for each in found))
        return [each for each in found if isinstance(each, Pdu)]

    def submit(self, number: int) -> bytes:
        """The octets of a submit_sm as the gateway writes it."""
        self.ledger.send(0.0)
        text = f"bench-{number:08d}: Hello".encode()
        return encode(
            SubmitSm(
                sequence_number=number + 1,
                source_addr_ton=1,
                source_addr="15145560000",
                dest_addr_ton=1,
                destination_addr="15145550000",
                short_message=text,
            )
        )

    def test_bind_and_enquire_link(self) -> None:
        """It answers what keeps a session."""
        self.connection.dataReceived(
            encode(BindTransceiver("a", "b", sequence_number=1))
            + encode(EnquireLink(sequence_number=2))
        )
        bound, alive = self.said()
        self.assertIsInstance(bound, BindTransceiverResp)
        self.assertIsInstance(alive, EnquireLinkResp)
        self.assertTrue(self.centre.bound)

    def test_receipt_after_its_delay(self) -> None:
        """submit_sm is answered at once, its receipt comes later, the way back."""
        octets = self.submit(0)
        for at in range(len(octets)):  # in single octets, too
            self.connection.dataReceived(octets[at : at + 1])
        (answer,) = self.said()
        assert isinstance(answer, SubmitSmResp)
        self.clock.pump([0.01] * 19)
        self.assertEqual(self.said(), [])
        self.clock.pump([0.01] * 3)
        (pdu,) = self.said()
        assert isinstance(pdu, DeliverSm)
        self.assertEqual(pdu.source_addr, "15145550000")
        self.assertEqual(pdu.destination_addr, "15145560000")
        receipt = parse_receipt(pdu)
        assert receipt is not None
        self.assertEqual(receipt.message_id, answer.message_id)
        self.assertEqual(receipt.state, MessageState.DELIVERED)
        self.assertEqual((self.ledger.submissions, self.ledger.receipts), (1, 1))

    def test_receipts_keep_to_their_window(self) -> None:
        """Not more receipts than the window wait for deliver_sm_resp."""
        for number in range(3):
            self.connection.dataReceived(self.submit(number))
        self.clock.pump([0.1] * 4)
        receipts = [each for each in self.said() if isinstance(each, DeliverSm)]
        self.assertEqual(len(receipts), 2)
        answer = DeliverSmResp(sequence_number=receipts[0].sequence_number)
        self.connection.dataReceived(encode(answer))
        self.clock.pump([0.1])
        self.assertEqual(len(self.said()), 1)

    def test_refused_receipt_is_a_fault(self) -> None:
        """A deliver_sm_resp other than ESME_ROK is counted."""
        refused = DeliverSmResp(sequence_number=1, command_status=8)
        self.connection.dataReceived(encode(refused))
        self.assertEqual(self.ledger.missing(), {"receipt answered 0x8": 1})

    def test_stranger_is_a_fault(self) -> None:
        """A short message that nobody sent is counted and answered."""
        octets = encode(SubmitSm(sequence_number=5, short_message=b"Hello"))
        self.connection.dataReceived(octets)
        (answer,) = self.said()
        self.assertEqual(answer.sequence_number, 5)
        self.assertIn("submit_sm that is none of ours", self.ledger.missing())
        self.assertIsInstance(decode(encode(answer)), SubmitSmResp)
