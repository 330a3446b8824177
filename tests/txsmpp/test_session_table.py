"""Who may ask what in which state of a session (SMPP 3.4 table 2-1)."""

from __future__ import annotations

from tests.txsmpp.samples import full
from tests.txsmpp.sessions import SessionCase
from txsmpp import pdu
from txsmpp.errors import NotBound
from txsmpp.events import Ended, Requested
from txsmpp.layout import ROWS
from txsmpp.state import BOUND, NEW, RECEIVING, SENDING, Side, State
from txsmpp.status import CommandStatus as S

REQUESTS = [kind for kind in ROWS if not issubclass(kind, pdu.Response)]
# Table 2-1, written out once more: who may ask what, and when.
ESME_MAY = {
    pdu.BindTransmitter: NEW,
    pdu.BindReceiver: NEW,
    pdu.BindTransceiver: NEW,
    pdu.Unbind: BOUND,
    pdu.SubmitSm: SENDING,
    pdu.SubmitMulti: SENDING,
    pdu.DataSm: SENDING,
    pdu.QuerySm: SENDING,
    pdu.CancelSm: SENDING,
    pdu.ReplaceSm: SENDING,
    pdu.EnquireLink: BOUND | NEW,
}
SMSC_MAY = {
    pdu.Outbind: NEW,
    pdu.Unbind: BOUND,
    pdu.DeliverSm: RECEIVING,
    pdu.DataSm: RECEIVING,
    pdu.AlertNotification: RECEIVING,
    pdu.EnquireLink: BOUND | NEW,
}
MAY = {Side.ESME: ESME_MAY, Side.SMSC: SMSC_MAY}


class TableTests(SessionCase):
    """Table 2-1, every pair."""

    def test_requests_from_a_peer(self) -> None:
        """Each request in each state is served, or refused by its response."""
        for side in Side:
            for state in (*NEW, *BOUND, State.UNBOUND):
                for kind in REQUESTS:
                    self.start(side, state)
                    self.get(full(kind, sequence_number=50))
                    fine = state in MAY[side.other].get(kind, frozenset())
                    self.check(kind, fine)

    def check(self, kind: type[pdu.Pdu], fine: bool) -> None:
        """What was told and sent is what the table says."""
        told, sent = self.told(), self.sent()
        if kind is pdu.EnquireLink and fine:
            self.assertEqual(sent, [pdu.EnquireLinkResp(sequence_number=50)])
        elif kind is pdu.Unbind and fine:
            self.assertEqual(sent, [pdu.UnbindResp(sequence_number=50)])
            self.assertEqual(told, [Ended(None)])
        elif fine:
            self.assertEqual([type(each) for each in told], [Requested])
            self.assertEqual(sent, [])
        elif kind in pdu.RESPONSES:
            (answer,) = sent
            assert isinstance(answer, pdu.Response)
            self.assertIs(type(answer), pdu.RESPONSES[kind])
            expected = {S.ESME_RINVBNDSTS, S.ESME_RALYBND, S.ESME_RINVCMDID}
            expected.add(S.ESME_RX_T_APPN)
            self.assertIn(answer.command_status, expected)
            self.assertEqual(told, [])
        else:
            self.assertEqual((told, sent), ([], []))

    def test_requests_of_ours(self) -> None:
        """Each request in each state is sent, or NotBound and nothing is sent."""
        for side in Side:
            for state in (*NEW, *BOUND, State.UNBOUND, State.CLOSED):
                for kind in REQUESTS:
                    if state is State.CLOSED:
                        self.start(side)
                        self.session.lost("gone")
                    else:
                        self.start(side, state)
                    fine = state in MAY[side].get(kind, frozenset())
                    if fine:
                        self.session.request(full(kind), self.now)
                        self.assertEqual([type(each) for each in self.sent()], [kind])
                    else:
                        request = self.session.request
                        self.assertRaises(NotBound, request, full(kind), self.now)
                        self.assertEqual(self.sent(), [])

    def test_statuses_of_refusal(self) -> None:
        """Wrong state, bound already, and wrong side are told apart (5.1.3)."""
        self.start(Side.SMSC, State.BOUND_RX)
        self.get(pdu.SubmitSm(sequence_number=2))
        self.get(pdu.BindReceiver(sequence_number=3))
        self.get(pdu.DeliverSm(sequence_number=4))
        self.assertEqual(
            [
                (type(each), each.command_status)
                for each in self.sent()
                if isinstance(each, pdu.Response)
            ],
            [
                (pdu.SubmitSmResp, S.ESME_RINVBNDSTS),
                (pdu.BindReceiverResp, S.ESME_RALYBND),
                (pdu.DeliverSmResp, S.ESME_RINVCMDID),
            ],
        )

    def test_a_message_that_crosses_our_unbind(self) -> None:
        """It is for later: an SM-SC that is told so keeps it (5.1.3)."""
        self.start(Side.ESME, State.UNBOUND)
        self.get(pdu.DeliverSm(sequence_number=2), pdu.DataSm(sequence_number=3))
        later = S.ESME_RX_T_APPN
        self.assertEqual(
            self.sent(),
            [
                pdu.DeliverSmResp(command_status=later, sequence_number=2),
                pdu.DataSmResp(command_status=later, sequence_number=3),
            ],
        )
