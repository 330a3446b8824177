"""Requests of the peer's on a session, and its window (SMPP 3.4 2.7)."""

from __future__ import annotations

from tests.txsmpp.sessions import SessionCase
from txsmpp import pdu
from txsmpp.events import Answered
from txsmpp.state import Side
from txsmpp.status import CommandStatus as S


class PeerTests(SessionCase):
    """Requests of the peer's."""

    def test_an_answer_is_given_once(self) -> None:
        """A second answer to the same request is not sent."""
        self.start()
        self.get(pdu.DeliverSm(sequence_number=5))
        answer = pdu.DeliverSmResp(sequence_number=5)
        self.session.respond(answer, self.now)
        self.session.respond(answer, self.now)
        self.assertEqual(self.sent(), [answer])

    def test_a_number_that_still_waits(self) -> None:
        """A request repeated before its answer is served once."""
        self.start()
        self.get(pdu.DeliverSm(sequence_number=5), pdu.DeliverSm(sequence_number=5))
        self.assertEqual(len(self.told()), 1)

    def test_more_than_the_peer_window(self) -> None:
        """What comes beyond peer_window is told to come later; reading goes on."""
        self.start()
        number = self.session.request(pdu.SubmitSm(), self.now, "a")
        self.sent()
        self.get(*(pdu.DeliverSm(sequence_number=n) for n in range(1, 5)))
        refused = S.ESME_RX_T_APPN
        self.assertEqual(
            self.sent(),
            [
                pdu.DeliverSmResp(sequence_number=n, command_status=refused)
                for n in (3, 4)
            ],
        )
        self.assertFalse(self.session.saturated)
        self.get(pdu.SubmitSmResp(sequence_number=number))
        self.assertTrue(any(isinstance(each, Answered) for each in self.told()))

    def test_number_that_waits_is_not_turned_away(self) -> None:
        """A repeat of what is being served gets the answer of that, and no other."""
        self.start()
        self.get(*(pdu.DeliverSm(sequence_number=n) for n in (1, 2, 1, 2)))
        self.assertEqual(self.sent(), [])

    def test_endless_unbinds(self) -> None:
        """An unbind waits for its turn; a flood of them does not fill the memory."""
        self.start()
        self.get(*(pdu.DeliverSm(sequence_number=n) for n in (1, 2)))
        self.get(*(pdu.Unbind(sequence_number=n) for n in range(3, 50)))
        self.assertLessEqual(len(self.session._held), 4)

    def test_an_sm_sc_throttles(self) -> None:
        """The SM-SC's side says ESME_RTHROTTLED to what it has no room for."""
        self.start(side=Side.SMSC)
        self.get(*(pdu.SubmitSm(sequence_number=n) for n in range(1, 4)))
        (response,) = self.sent()
        assert isinstance(response, pdu.SubmitSmResp)
        self.assertEqual(response.command_status, S.ESME_RTHROTTLED)

    def test_answers_pass_while_requests_wait(self) -> None:
        """Answers and enquire_link go past requests that wait: no dead-lock."""
        self.start()
        number = self.session.request(pdu.SubmitSm(), self.now, "a")
        self.sent()
        self.get(
            *(pdu.DeliverSm(sequence_number=n) for n in (1, 2)),
            pdu.EnquireLink(sequence_number=4),
            pdu.SubmitSmResp(sequence_number=number),
        )
        self.assertEqual(self.sent(), [pdu.EnquireLinkResp(sequence_number=4)])
        self.assertTrue(any(isinstance(each, Answered) for each in self.told()))

    def test_request_that_is_not_answered_here(self) -> None:
        """A request nobody answers in time gets ESME_RSYSERR, and no second answer."""
        self.start()
        self.get(pdu.DeliverSm(sequence_number=5))
        self.wait(8.1)
        answer = pdu.DeliverSmResp(command_status=S.ESME_RSYSERR, sequence_number=5)
        self.assertEqual(self.sent(), [answer])
        self.session.respond(pdu.DeliverSmResp(sequence_number=5), self.now)
        self.assertEqual(self.sent(), [])
