"""MMS as the carrier of what comes by MSRP (TS 6.3.1.1.2)."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import MmscMedia
from cpmgw.cpm.features import Feature
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.large_outcome import bye_reason
from cpmgw.iwf.media import Types
from cpmgw.iwf.mms.forward_outcome import BYE_TEXT
from cpmgw.iwf.mms.large import OUTCOMES, LargeToMms, types_of
from cpmgw.iwf.standalone import StandaloneMessage
from cpmgw.mm4.pdu import RequestStatus
from cpmgw.policy import Policy
from cpmgw.policy.mms import MmsPolicy
from cpmgw.records import Answer
from cpmgw.sip.message import Request
from cpmgw.smtp.errors import NotSent, Unanswered
from tests.flows.dialog import IDS, invite
from tests.iwf.mms.gateway import Sending
from tests.iwf.requests import ALICE, BOB, message_of

NOTED = Answer(key=b"", status=200, reason="OK")
IMDN = "message/imdn+xml"


class Carrying(SynchronousTestCase):
    def setUp(self) -> None:
        self.notified: list[StandaloneMessage] = []
        self.use()

    def use(self, **settings: Any) -> None:
        """Be configured so."""
        self.sending = Sending(self.mktemp(), **settings)
        house: Any = self.sending.house
        self.carrier = LargeToMms(house, self.sending.outbound, self.notify)

    async def notify(self, message: StandaloneMessage) -> Answer:
        """Take a notification."""
        self.notified.append(message)
        return NOTED

    def carry(self, **details: Any) -> Deferred[Answer]:
        """Have a large message carried."""
        message = message_of(conversation_id="c-1", **details)
        large = msgspec.structs.replace(message, feature=Feature.LARGE)
        return Deferred.fromCoroutine(self.carrier.carry(large))

    def refusal(self, pending: Deferred[Answer]) -> CannotInterwork:
        """Why it is refused."""
        error = self.failureResultOf(pending, CannotInterwork).value
        assert isinstance(error, CannotInterwork)
        return error

    def invite(self, recipient: str = BOB, **details: Any) -> Request:
        """The INVITE of a large message."""
        return invite(ALICE, recipient, feature=Feature.LARGE, headers=IDS, **details)


class Messages(Carrying):
    def test_taken(self) -> None:
        """The answer is that of Table 14: its headers go into that of the BYE.

        [TS 6.3.1.1.2 step 5] [TS 6.3.1.1.7 B] [SCR Int-S-018-O]
        """
        pending = self.carry()
        self.sending.answer()
        headers = dict(self.successResultOf(pending).headers)
        self.assertEqual(headers["Message-Context"], "multimedia-message")
        forward = self.sending.link.forward
        self.assertEqual(headers["Message-Correlator"], forward.transaction.message_id)
        self.assertEqual(headers["Conversation-ID"], "c-1")

    def test_refused_and_told(self) -> None:
        """200 and no word of MMS, where a notification tells of the failure.

        [TS 6.3.1.1.2 step 6]
        """
        pending = self.carry()
        self.sending.answer(RequestStatus.SERVICE_DENIED)
        answer = self.successResultOf(pending)
        self.assertEqual(answer.status, 200)
        self.assertEqual([name for name, _ in answer.headers][-1], "Server")
        self.assertEqual(dict(answer.headers)["Conversation-ID"], "c-1")
        self.assertNotIn("Message-Context", dict(answer.headers))
        self.assertEqual(len(self.sending.told), 1)

    def test_refused(self) -> None:
        """Without that, MSRP's 413 and 480 in the BYE, as of SMS.

        [TS 6.3.1.1.2 step 6]
        """
        pending = self.carry(imdn=())
        self.sending.answer(RequestStatus.SERVICE_DENIED)
        refusal = self.refusal(pending)
        self.assertEqual(OUTCOMES.status(refusal), 413)
        reason = bye_reason(refusal, self.carrier.failure())
        self.assertEqual(reason, f'SIP;cause=480;text="{BYE_TEXT}"')
        self.assertEqual(self.sending.told, [])

    def test_content(self) -> None:
        """415 and 413 in MSRP for what SIP would answer 488. [TS 6.3 1c] [TS 6.3 1d]"""
        for cause, status in (("content", 415), ("too-large", 413)):
            self.sending.adaptation.refusal = CannotInterwork(
                488, "Not Acceptable Here", cause=cause, section="TS 6.3 1"
            )
            refusal = self.refusal(self.carry())
            self.assertEqual((refusal.status, refusal.cause), (status, cause))
            self.assertEqual(OUTCOMES.status(refusal), status)
            self.assertIn(f"cause={status}", bye_reason(refusal, BYE_TEXT))

    def test_other_failures(self) -> None:
        """413 for what did not leave, 408 for what may have, 400 for the unreadable."""
        for error, status in ((NotSent("down"), 413), (Unanswered("lost"), 408)):
            self.sending.link.outcome = error
            pending = self.carry()
            self.sending.house.clock.advance(20)
            refusal = self.refusal(pending)
            self.assertEqual(OUTCOMES.status(refusal), status)
        refusal = self.refusal(
            self.carry(content_type="multipart/mixed; boundary=b", content=b"")
        )
        self.assertEqual(OUTCOMES.status(refusal), 400)

    def test_notification(self) -> None:
        """A notification is none of its messages."""
        pending = self.carry(content_type=IMDN, content=b"<imdn/>")
        self.assertIs(self.successResultOf(pending), NOTED)
        self.assertEqual(len(self.notified), 1)
        self.assertEqual(self.sending.link.mails, [])

    def test_undelivered(self) -> None:
        """Of a message that failed its sender is told, of a notification nobody."""
        for details, told in (
            ({"content_type": IMDN, "content": b"<imdn/>"}, 0),
            ({}, 1),
        ):
            work = self.carrier.undelivered(message_of(**details))
            self.successResultOf(Deferred.fromCoroutine(work))
            self.assertEqual(len(self.sending.told), told)


class Invitations(Carrying):
    def test_taken(self) -> None:
        """What could go out is let in."""
        self.carrier.admit(self.invite())

    def test_refused(self) -> None:
        """What could not is refused at the INVITE. [TS 6.3.1.1.2 step 5]"""
        self.sending.house.store.healthy = False
        error = self.assertRaises(CannotInterwork, self.carrier.admit, self.invite())
        self.assertEqual(error.status, 503)
        self.sending.house.store.healthy = True
        self.sending.relays.replace(())
        error = self.assertRaises(CannotInterwork, self.carrier.admit, self.invite())
        self.assertEqual(error.status, 404)

    def test_announced_size(self) -> None:
        """488 for a size beyond what is looked at. [TS 6.3 1b]"""
        refusal = OUTCOMES.announced(11_000_000, "TS 6.1.2")
        self.assertEqual((refusal.status, refusal.cause), (488, "too-large"))

    def test_largest(self) -> None:
        """More than MM4 takes where it can be made smaller, but only then."""
        self.use(mm4={"max_size": 1_000_000})
        self.assertEqual(self.carrier.max_size, 1_000_000)
        as_it_is = MmscMedia(adapt=False)
        self.use(mmsc={"media": as_it_is}, mm4={"max_size": 1_000_000})
        self.assertEqual(self.carrier.max_size, 307_200 + 65_536)
        self.use(mmsc={"media": as_it_is, "max_size": 600_000}, mm4={"max_size": 5_000})
        self.assertEqual(self.carrier.max_size, 5_000)

    def test_types(self) -> None:
        """What MMS takes in some form is acceptable, and what holds it."""
        content = self.carrier.content
        for each in ("text/plain", "image/*", "image/jpeg", "multipart/*"):
            self.assertIn(each, content)
        self.assertNotIn("application/pdf", content)

    def test_types_in_the_answer(self) -> None:
        """Others stay in the answer by policy, or not.

        [RCC.10 6.3.1.1.2 difference 1]
        """
        for said, types in (("keep", Types.OFFERED), ("leave_out", Types.TAKEN)):
            mms = msgspec.convert({"unsupported_types": said}, MmsPolicy)
            self.assertIs(types_of(Policy(mms=mms)), types)
