"""TS 6.1.2 step 1, 6.2.3 B: large messages that SMS does not take."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import fail

from cpmgw.cpm.features import Feature
from cpmgw.errors import StoreError
from cpmgw.iwf.sms.large import LargeToSms
from cpmgw.iwf.streams import ANSWER_FIRST
from cpmgw.lab.behaviour import SmsBehaviour
from cpmgw.msrp.interfaces import IMsrpSession
from cpmgw.sip.message import Response
from tests.flows.dialog import IDS
from tests.flows.large import TEXT, LargeOutbound, SendByHand, wrapping
from tests.flows.messages import cpim, describe
from txsmpp.status import CommandStatus

FAILURE = 0xFE  # RDELIVERYFAILURE, of Table 2


class Refused(LargeOutbound):
    """INVITEs that are answered with an error, and leave nothing."""

    def refusal(self, **details: Any) -> Response:
        """The answer to an INVITE that is refused."""
        talk = self.side.large(**details)
        assert talk.answer is not None
        self.assertGreaterEqual(talk.answer.status, 300)
        return talk.answer

    def test_types(self) -> None:
        """488 where no text is wrapped. [TS 6.1.2 step 1]"""
        for types in ("image/jpeg", "image/* video/mp4", "message/imdn+xml"):
            self.assertEqual(self.refusal(body=wrapping(types)).status, 488)
        self.assertEqual(self.refusal(body=wrapping("")).status, 488)

    def test_wrapper(self) -> None:
        """488 where message/cpim is not taken. [TS 6.1.2 step 1]"""
        offer = wrapping("text/plain", types="text/plain")
        self.assertEqual(self.refusal(body=offer).status, 488)

    def test_no_messages(self) -> None:
        """488 without MSRP in the offer, and without an offer."""
        audio = (
            b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
            b"t=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
        )
        self.assertEqual(self.refusal(body=audio).status, 488)
        self.assertIn(self.refusal(body=b"").status, (400, 488))

    def test_wrong_way(self) -> None:
        """488 for a stream in which nothing would come."""

        def offer(session: IMsrpSession) -> bytes:
            return describe(session, direction="recvonly")

        self.assertEqual(self.refusal(body=offer).status, 488)

    def test_no_such_number(self) -> None:
        """404 for a target without a number."""
        refusal = self.refusal(recipient="sip:somebody@ims.example.net")
        self.assertEqual(refusal.status, 404)

    def test_anonymous(self) -> None:
        """403 for who hides the number, where SMS would have to show one."""
        refusal = self.refusal(headers=(*IDS, ("Privacy", "id")))
        self.assertEqual(refusal.status, 403)

    def test_announced_size(self) -> None:
        """413 for what announces more octets than are ever looked at."""
        limit = self.gateway.config.policy.text_limits.max_size
        self.assertEqual(self.refusal(size=limit + 1).status, 413)
        talk = self.side.large(size=limit)
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 200)
        talk.acknowledge()
        talk.bye()

    def test_no_centre(self) -> None:
        """503 with Retry-After while no SM-SC is bound."""
        self.network.partition("127.0.0.1", 2775)
        self.network.cut("127.0.0.1", 2775)
        self.settle()
        refusal = self.refusal()
        self.assertEqual(refusal.status, 503)
        self.assertIn("Retry-After", refusal.headers)
        self.network.heal("127.0.0.1", 2775)

    def test_not_our_business(self) -> None:
        """An INVITE that is no large message, no file and no session is 488."""
        talk = self.side.call(feature=Feature.SYSTEM)
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 488)


class SizeLimit(LargeOutbound):
    policy = "selection.text_size_limit = 1500"

    def test_announced(self) -> None:
        """413 where policy does not want so much text by SMS. [TS 5.1 step 5]"""
        talk = self.side.large(size=1_501)
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 413)

    def test_not_announced(self) -> None:
        """It counts for what comes, whatever was announced: 413 at the last chunk."""
        talk = self.established(size=100)
        self.assertEqual(self.say(talk, "x" * 1_501), 413)
        self.assertEqual(self.submitted(), [])
        self.assertEqual(
            talk.reasons, ['SIP;cause=413;text="Request Entity Too Large"']
        )
        talk = self.established(size=100)
        self.assertEqual(self.say(talk, "x" * 1_500, message_id="m-2"), 200)
        talk.bye()


class Rooms(LargeOutbound):
    msrp = "sessions = 1"

    def test_no_room(self) -> None:
        """480 with Retry-After where there are as many sessions as may be."""
        first = self.established()
        second = self.side.large()
        assert second.answer is not None
        self.assertEqual(second.answer.status, 480)
        self.assertEqual(second.answer.headers.raw("Retry-After"), ["5"])
        first.bye()
        third = self.established()
        third.bye()


class MixedContent(LargeOutbound):
    policy = 'selection.mixed_content = "refuse"'

    def test_more_than_text(self) -> None:
        """What is not text alone is refused where policy says so."""
        body = (
            b"--f\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
            b"--f\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--f--\r\n"
        )
        talk = self.established(body=wrapping("text/plain multipart/mixed"))
        mixed = "multipart/mixed;boundary=f"
        self.assertEqual(self.say(talk, content_type=mixed, content=body), 413)
        self.assertEqual(talk.reasons, ['SIP;cause=415;text="Unsupported Media Type"'])


class Failures(LargeOutbound):
    """Messages that cannot be delivered (TS 6.2.3 B, 6.2.2.1.5 step 2a)."""

    def test_refused_by_the_centre(self) -> None:
        """413 for the message, then BYE with cause 480 and the reason.

        [TS 6.2.3 B]
        """
        self.centre.behave(SmsBehaviour(status=FAILURE))
        talk = self.established()
        self.assertEqual(self.say(talk), 413)
        self.assertEqual(talk.reasons, ['SIP;cause=480;text="Bearer unavailable"'])
        traffic = self.gateway.traffic
        self.assertEqual(traffic.large, {413: 1})
        self.assertEqual(traffic.refused[480, "smsc-refused"], 1)

    def test_tried_again(self) -> None:
        """What was not delivered may be tried again under the same identifier."""
        self.centre.behave(SmsBehaviour(status=FAILURE))
        self.say(self.established(), message_id="x")
        self.centre.behave(SmsBehaviour())
        talk = self.established()
        self.assertEqual(self.say(talk, message_id="x"), 200)
        self.assertEqual(self.bob.texts, [TEXT])
        talk.bye()

    def test_no_answer(self) -> None:
        """408 where the SM-SC does not answer in time, by BYE too: it may have left."""
        self.centre.behave(SmsBehaviour(silent=True))
        talk = self.established()
        sent = talk.say(TEXT)
        self.pass_time(120.0)
        self.assertEqual(self.successResultOf(sent), 408)
        self.assertEqual(talk.reasons, ['SIP;cause=408;text="Request Timeout"'])

    def test_store_fails_after_sending(self) -> None:
        """408 where nothing can be remembered of what SMS has; the BYE is no 480."""
        failed = fail(StoreError("full"))
        self.patch(self.gateway.store.sent, "remember", lambda *_: failed)
        talk = self.established()
        self.assertEqual(self.say(talk), 408)
        self.assertEqual(self.bob.texts, [TEXT])
        (reason,) = talk.reasons
        self.assertTrue(reason.startswith("SIP;cause=500;"), reason)

    def test_bad_request_of_the_centre(self) -> None:
        """A 400 of Table 2 is no fault of the wrapper: 413, then 480. [TS 6.2.3 B]"""
        self.centre.behave(SmsBehaviour(status=CommandStatus.ESME_RINVPRTFLG))
        talk = self.established()
        self.assertEqual(self.say(talk), 413)
        self.assertEqual(talk.reasons, ['SIP;cause=480;text="Bearer unavailable"'])

    def test_half_a_character(self) -> None:
        """A charset that yields what is no text is refused as such."""
        talk = self.established()
        utf_7 = "text/plain;charset=utf-7"
        self.assertEqual(self.say(talk, content_type=utf_7, content=b"+2AA-"), 413)
        self.assertEqual(talk.reasons, ['SIP;cause=415;text="Unsupported Media Type"'])

    def test_answer_comes_first(self) -> None:
        """The BYE leaves the MSRP answer a little time, for it goes another way."""
        self.centre.behave(SmsBehaviour(status=FAILURE))
        talk = self.established()
        sent = talk.say(TEXT)
        self.settle()
        self.assertEqual(self.successResultOf(sent), 413)
        self.assertEqual(talk.byes, [])
        self.network.advance(ANSWER_FIRST)
        self.settle()
        self.assertEqual(len(talk.byes), 1)

    def test_no_text(self) -> None:
        """413 for content that is no text, whatever was offered; BYE says why."""
        talk = self.established()
        status = self.say(talk, content_type="image/png", content=b"\x89PNG")
        self.assertEqual(status, 413)
        self.assertEqual(talk.reasons, ['SIP;cause=415;text="Unsupported Media Type"'])

    def test_too_long(self) -> None:
        """413 for what makes more segments than the SM-SC takes."""
        talk = self.established()
        self.assertEqual(self.say(talk, "x" * 10_000), 413)
        self.assertEqual(
            talk.reasons, ['SIP;cause=413;text="Request Entity Too Large"']
        )

    def test_larger_than_announced(self) -> None:
        """A message larger than we say to take gets no further."""
        talk = self.established()
        limit = self.gateway.config.policy.text_limits.max_size
        sent = talk.session.send("message/cpim", b"x" * (limit + 1))
        self.settle()
        self.assertEqual(self.successResultOf(sent), 413)
        self.assertEqual(self.submitted(), [])
        talk.bye()

    def test_announced_in_the_first_chunk(self) -> None:
        """One whose first chunk says so gets no further than that."""
        limit = self.gateway.config.policy.text_limits.max_size
        size = len(cpim(TEXT))
        for said, status in ((limit, b"200"), (limit + 1, b"413")):
            talk = self.side.large()
            talk.acknowledge()
            chunk = SendByHand(talk, "hand-1", 1, 700).encode()
            raw = self.raw(chunk.replace(f"/{size}".encode(), f"/{said}".encode()))
            self.assertIn(b"MSRP hand-1 " + status, raw.came)
            talk.bye()
            raw.close()

    def test_unreadable(self) -> None:
        """400 for a wrapper that cannot be read."""
        talk = self.established()
        sent = talk.session.send("message/cpim", b"no headers at all")
        self.settle()
        self.assertEqual(self.successResultOf(sent), 400)
        self.network.advance(ANSWER_FIRST)
        self.settle()
        self.assertEqual(talk.reasons, ['SIP;cause=400;text="Bad Request"'])

    def test_fault_of_ours(self) -> None:
        """What nobody has foreseen fails the message and ends the session."""

        async def fail(*_: object) -> None:
            raise RuntimeError("a fault")

        self.patch(LargeToSms, "carry", fail)
        talk = self.established()
        self.assertEqual(self.say(talk), 413)
        (reason,) = talk.reasons
        self.assertTrue(reason.startswith("SIP;cause=500;"), reason)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_second_message(self) -> None:
        """A session brings one message; a further one is refused."""
        talk = self.established()
        self.say(talk)
        self.assertEqual(self.say(talk, message_id="m-2"), 413)
        self.assertEqual(self.bob.texts, [TEXT])
        talk.bye()

    def test_second_message_meanwhile(self) -> None:
        """Nor is one taken while the first is in hand."""
        self.centre.behave(SmsBehaviour(delay=5.0))
        talk = self.established()
        first = talk.say(TEXT)
        self.settle()
        self.assertEqual(self.say(talk, message_id="m-2"), 413)
        self.pass_time(6.0)
        self.assertEqual(self.successResultOf(first), 200)
        self.assertEqual(self.bob.texts, [TEXT])
        talk.bye()


class FailuresWithoutText(LargeOutbound):
    policy = 'sms.bye_reason = ""'

    def test_no_text_in_the_reason(self) -> None:
        """The text of the Reason is policy's to leave out. [TS 6.2.3 B]"""
        self.centre.behave(SmsBehaviour(status=FAILURE))
        talk = self.established()
        self.assertEqual(self.say(talk), 413)
        self.assertEqual(talk.reasons, ["SIP;cause=480"])
