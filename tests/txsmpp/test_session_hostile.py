"""Octets that no session expects (SMPP 3.4 3.2, 4.3)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.txsmpp.samples import any_pdu
from tests.txsmpp.sessions import SessionCase
from txsmpp import pdu
from txsmpp.codec import encode
from txsmpp.errors import FramingLost
from txsmpp.events import Requested
from txsmpp.framer import Framer
from txsmpp.state import BOUND, Side, State
from txsmpp.status import CommandStatus as S


class BadPduTests(SessionCase):
    """PDUs that cannot be read."""

    def test_bad_pdu(self) -> None:
        """A PDU that makes no sense is answered; the session goes on."""
        self.start()
        self.session.receive(
            bytes.fromhex(
                "00000010 00000777 00000000 00000005"
                "00000011 00000005 00000000 00000006 ff"
            ),
            self.now,
        )
        self.assertEqual(
            self.sent(),
            [
                pdu.GenericNack(command_status=S.ESME_RINVCMDID, sequence_number=5),
                pdu.DeliverSmResp(command_status=S.ESME_RINVSERTYP, sequence_number=6),
            ],
        )
        self.get(pdu.DeliverSm(sequence_number=7))
        self.assertEqual(self.told(), [Requested(pdu.DeliverSm(sequence_number=7))])

    def test_lost_framing(self) -> None:
        """A length that cannot be is answered, and the session ends (4.3)."""
        self.start()
        self.session.request(pdu.SubmitSm(), self.now, "a")
        self.sent()
        octets = bytes.fromhex("0000000f 00000005 00000000 00000006")
        self.session.receive(octets, self.now)
        nack = pdu.GenericNack(command_status=S.ESME_RINVCMDLEN, sequence_number=6)
        self.assertEqual(self.sent(), [nack])
        self.assertIsInstance(self.ended(), FramingLost)


class AnyPduTests(SessionCase):
    @given(
        st.sampled_from(list(Side)),
        st.sampled_from([State.OPEN, *BOUND, State.UNBOUND]),
        st.lists(any_pdu | st.binary(min_size=1, max_size=40), max_size=8),
    )
    @settings(deadline=None, max_examples=100)
    def test_any_pdus(
        self, side: Side, state: State, said: list[pdu.Pdu | bytes]
    ) -> None:
        """Whatever a peer says, nothing is raised and no request is answered twice."""
        self.start(side, state)
        framer, asked = Framer(), 0
        for each in said:
            octets = each if isinstance(each, bytes) else encode(each)
            asked += len(framer.feed(octets))
            self.session.receive(octets, self.now)
            for event in self.told():
                if isinstance(event, Requested) and type(event.pdu) in pdu.RESPONSES:
                    self.session.respond(pdu.answer(event.pdu), self.now)
        self.wait(200.0)
        answers = [each for each in self.sent() if isinstance(each, pdu.Response)]
        self.assertLessEqual(len(answers), asked)
