"""The octets of the load: valid SIP, and read back by the number in them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.content import text_of
from cpmgw.cpm.features import Feature, features_of
from cpmgw.cpm.imdn import (
    Disposition,
    Imdn,
    Kind,
    Notification,
    Status,
    build_imdn,
    imdn_of,
)
from cpmgw.iwf.standalone import read_standalone
from cpmgw.lab.bench.messages import PagerMessages, answered, cut, notified, ok
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.parser import Limits, parse_datagram
from tests.addressing.plans import plan

MESSAGES = PagerMessages("UDP", "127.0.0.1", 5070)


def parsed(octets: bytes) -> Request:
    """The request that some octets are."""
    message = parse_datagram(octets, Limits())
    assert isinstance(message, Request)
    return message


class Message(SynchronousTestCase):
    def test_is_a_pager_mode_message(self) -> None:
        """It has the feature tag, numbers on both sides and asks for two IMDNs."""
        request = parsed(MESSAGES.message(41))
        message = read_standalone(request, 0.0, plan())
        self.assertEqual(features_of(request.headers), frozenset({Feature.PAGER}))
        self.assertEqual(message.parties.originator_text, "+15145560041")
        self.assertEqual(message.parties.target_text, "+15145550041")
        assert message.cpim is not None
        self.assertEqual(
            imdn_of(message.cpim).dispositions,
            frozenset({Disposition.POSITIVE_DELIVERY, Disposition.INTERWORKING}),
        )
        text = text_of(message.content_type, message.content)
        self.assertTrue(text.startswith("bench-00000041: "))

    def test_length_is_always_right(self) -> None:
        """Content-Length holds for the first and the last number there is."""
        for number in (0, 99_999_999):
            octets = MESSAGES.message(number)
            buffer = bytearray(octets)
            self.assertEqual(cut(buffer), [octets])

    def test_differ(self) -> None:
        """Branch, Call-ID and Message-ID are of one message alone."""
        one, other = parsed(MESSAGES.message(1)), parsed(MESSAGES.message(2))
        self.assertNotEqual(one.via.branch, other.via.branch)
        self.assertNotEqual(one.call_id, other.call_id)


class Reading(SynchronousTestCase):
    def test_answer(self) -> None:
        """Number and status of a response, None for one to somebody else."""
        response = respond(parsed(MESSAGES.message(7)), 202).encode()
        self.assertEqual(answered(response), (7, 202))
        self.assertIsNone(answered(response.replace(b"bench-", b"other-")))

    def imdn(self, *notifications: Notification) -> bytes:
        return build_imdn(
            Imdn(
                message_id="bench-00000012",
                datetime="2026-01-05T12:00:00Z",
                notifications=notifications,
            )
        )

    def test_notification_of_a_delivery_by_sms(self) -> None:
        """Only an IMDN that says delivered, and by SMS, counts."""
        delivered = Notification(Kind.DELIVERY, Status.DELIVERED)
        failed = Notification(Kind.DELIVERY, Status.FAILED)
        by_sms = Notification(Kind.INTERWORKING, Status.LEGACY_SMS)
        self.assertEqual(notified(self.imdn(delivered, by_sms)), 12)
        self.assertIsNone(notified(self.imdn(delivered)))
        self.assertIsNone(notified(self.imdn(failed, by_sms)))

    def test_ok_is_the_answer(self) -> None:
        """The 200 has the five headers of RFC 3261 8.2.6 and is a whole message."""
        request = parsed(MESSAGES.message(3))
        response = parse_datagram(ok(MESSAGES.message(3)), Limits())
        assert isinstance(response, Response)
        self.assertEqual(response.status, 200)
        for name in ("Via", "From", "To", "Call-ID", "CSeq"):
            self.assertEqual(response.headers.raw(name), request.headers.raw(name))


class Stream(SynchronousTestCase):
    def test_messages_in_pieces(self) -> None:
        """However the octets arrive, each message comes out once and whole."""
        whole = [MESSAGES.message(number) for number in range(3)]
        octets = b"".join(whole)
        for size in (1, 100, 700, len(octets)):
            buffer, found = bytearray(), []
            for begin in range(0, len(octets), size):
                buffer += octets[begin : begin + size]
                found.extend(cut(buffer))
            self.assertEqual(found, whole)
            self.assertFalse(buffer)
