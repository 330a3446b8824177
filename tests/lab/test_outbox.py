"""What an SM-SC has for an ESME is kept until it is taken."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.lab.arrow import Arrow
from cpmgw.lab.outbox import Outbox, Patience
from txsmpp.errors import ConnectionLost
from txsmpp.pdu import AlertNotification, DeliverSm, DeliverSmResp, Pdu, Response
from txsmpp.status import CommandStatus

MESSAGE = DeliverSm(source_addr="15145550002", short_message=b"hi")


class Esme:
    """An ESME that answers when the test does."""

    def __init__(self, system_id: str = "cpmgw", bind_mode: str = "transceiver"):
        self.system_id = system_id
        self.bind_mode = bind_mode
        self.offered: list[tuple[Pdu, Deferred[Response]]] = []
        self.alerts: list[AlertNotification] = []

    def deliver(self, pdu: Pdu) -> Deferred[Response]:
        self.offered.append((pdu, Deferred()))
        return self.offered[-1][1]

    def alert(self, pdu: AlertNotification) -> None:
        self.alerts.append(pdu)

    def answer(self, status: int = 0) -> None:
        self.offered.pop(0)[1].callback(DeliverSmResp(command_status=status))


class OutboxTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.arrows: list[Arrow] = []
        self.outbox = Outbox(
            self.clock, Patience(attempts=3, retry=5.0), lambda: self.arrows.append
        )
        self.esme = Esme()

    def test_taken(self) -> None:
        """The ESME's answer is the result; both PDUs are seen by the tap."""
        self.outbox.bound(self.esme)
        done = self.outbox.send(MESSAGE)
        self.assertNoResult(done)
        self.esme.answer()
        self.assertEqual(self.successResultOf(done), 0)
        self.assertEqual(
            [arrow.name for arrow in self.arrows], ["deliver_sm", "deliver_sm_resp"]
        )

    def test_waits_for_a_bind(self) -> None:
        """Without an ESME it waits; a bind brings it."""
        self.outbox.send(MESSAGE)
        self.assertEqual(self.outbox.waiting, 1)
        self.outbox.bound(self.esme)
        self.assertEqual((self.outbox.waiting, len(self.esme.offered)), (0, 1))

    def test_transmitter_gets_nothing(self) -> None:
        """Only a receiver or transceiver is sent messages (SMPP 3.4 2.2)."""
        self.outbox.bound(Esme(bind_mode="transmitter"))
        self.outbox.send(MESSAGE)
        self.assertEqual(self.outbox.waiting, 1)

    def test_receipt_goes_to_its_esme(self) -> None:
        """A PDU with a system_id waits for that ESME, any of its sessions."""
        self.outbox.bound(Esme("other"))
        self.outbox.send(MESSAGE, "cpmgw")
        self.assertEqual(self.outbox.waiting, 1)
        self.outbox.bound(self.esme)
        self.assertEqual(len(self.esme.offered), 1)

    def test_sessions_take_turns(self) -> None:
        """Several binds of an ESME share the work."""
        second = Esme()
        self.outbox.bound(self.esme)
        self.outbox.bound(second)
        self.outbox.send(MESSAGE)
        self.outbox.send(MESSAGE)
        self.assertEqual((len(self.esme.offered), len(second.offered)), (1, 1))

    def test_temporary_refusal_is_tried_again(self) -> None:
        """ESME_RX_T_APPN means: later (5.1.3)."""
        self.outbox.bound(self.esme)
        done = self.outbox.send(MESSAGE)
        self.esme.answer(CommandStatus.ESME_RX_T_APPN)
        self.clock.advance(4.9)
        self.assertEqual(self.esme.offered, [])
        self.clock.advance(0.2)
        self.esme.answer()
        self.assertEqual(self.successResultOf(done), 0)

    def test_permanent_refusal_is_final(self) -> None:
        """ESME_RX_P_APPN means: never (5.1.3)."""
        self.outbox.bound(self.esme)
        done = self.outbox.send(MESSAGE)
        self.esme.answer(CommandStatus.ESME_RX_P_APPN)
        self.assertEqual(self.successResultOf(done), CommandStatus.ESME_RX_P_APPN)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_patience_ends(self) -> None:
        """After so many attempts the last answer is the result."""
        self.outbox.bound(self.esme)
        done = self.outbox.send(MESSAGE)
        for _ in range(3):
            self.assertNoResult(done)
            self.esme.answer(CommandStatus.ESME_RTHROTTLED)
            self.clock.advance(5)
        self.assertEqual(self.successResultOf(done), CommandStatus.ESME_RTHROTTLED)
        self.assertEqual(self.esme.offered, [])

    def test_lost_connection(self) -> None:
        """What was not answered when the connection went comes again."""
        self.outbox.bound(self.esme)
        done = self.outbox.send(MESSAGE)
        self.outbox.lost(self.esme)
        self.esme.offered.pop()[1].errback(ConnectionLost("gone"))
        again = Esme()
        self.outbox.bound(again)
        self.clock.advance(5)
        again.answer()
        self.assertEqual(self.successResultOf(done), 0)

    def test_alert(self) -> None:
        """Every ESME that can receive hears that a handset is there (4.12)."""
        self.outbox.bound(self.esme)
        self.outbox.bound(Esme(bind_mode="transmitter"))
        self.assertEqual(self.outbox.alert(AlertNotification()), 1)
        self.assertEqual(self.esme.alerts, [AlertNotification()])
