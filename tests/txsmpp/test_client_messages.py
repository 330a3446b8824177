"""The messages that an ESME is sent (SMPP 3.4 4.6, 4.7, 4.12)."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from tests.txsmpp.peers import Held, NetworkCase
from txsmpp import pdu
from txsmpp.status import CommandStatus as S


class MessageTests(NetworkCase):
    def deliver(self, request: pdu.Pdu) -> Deferred[pdu.Response]:
        """Have the SM-SC send this."""
        sent = self.port_centre.sessions[0].deliver(request)
        self.network.settle()
        return sent

    def setUp(self) -> None:
        super().setUp()
        self.port_centre = self.centre()
        self.client()

    def test_message(self) -> None:
        """A message is answered when the handler is done, with its status (4.6)."""
        done: Deferred[int] = Deferred()
        self.esme.answer = lambda _: done
        sent = self.deliver(pdu.DeliverSm(short_message=b"hi"))
        self.assertNoResult(sent)
        done.callback(S.ESME_RX_T_APPN)
        self.network.settle()
        response = self.successResultOf(sent)
        self.assertEqual(response.command_status, S.ESME_RX_T_APPN)
        self.assertEqual(response.sequence_number, 1)

    def test_owed(self) -> None:
        """A client knows how many requests it has not answered."""
        held = self.esme.answer = Held()
        (client,) = self.clients
        self.assertEqual(client.owed, 0)
        for _ in range(3):
            self.deliver(pdu.DeliverSm())
        self.assertEqual(client.owed, 3)
        for each in held.deferreds:
            each.callback(0)
        self.assertEqual(client.owed, 0)

    def test_data_sm_and_coroutines(self) -> None:
        """data_sm is a message too; a handler may be a coroutine (4.7)."""

        async def answer(_: pdu.Pdu) -> int:
            return 0

        self.esme.answer = answer
        response = self.successResultOf(self.deliver(pdu.DataSm(source_addr="1")))
        self.assertEqual(response, pdu.DataSmResp(sequence_number=1))

    def test_answers_out_of_order(self) -> None:
        """Each message is answered with its own number, whenever it is done."""
        held = self.esme.answer = Held()
        one, two = self.deliver(pdu.DeliverSm()), self.deliver(pdu.DeliverSm())
        held.deferreds[1].callback(0)
        self.network.settle()
        self.assertNoResult(one)
        self.assertEqual(self.successResultOf(two).sequence_number, 2)
        held.deferreds[0].callback(0)
        self.network.settle()
        self.successResultOf(one)

    def test_handler_that_fails(self) -> None:
        """A handler that raises is logged and answered ESME_RSYSERR."""

        def broken(_: pdu.Pdu) -> int:
            raise RuntimeError("broken")

        self.esme.answer = broken
        response = self.successResultOf(self.deliver(pdu.DeliverSm()))
        self.assertEqual(response.command_status, S.ESME_RSYSERR)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_alert(self) -> None:
        """alert_notification reaches the handler and is not answered (4.12)."""
        self.port_centre.sessions[0].alert(pdu.AlertNotification(source_addr="1"))
        self.network.settle()
        (alert,) = self.esme.alerts
        self.assertEqual(alert.source_addr, "1")
