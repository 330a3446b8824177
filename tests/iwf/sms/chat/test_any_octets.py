"""Whatever octets come by MSRP, each message is answered, and the session goes on."""

from __future__ import annotations

from random import Random

import msgspec

from cpmgw.cpm.chat_content import chat_message
from cpmgw.cpm.imdn import Disposition
from cpmgw.records import SentMessage
from tests.iwf.sessions.invites import here
from tests.iwf.sms.chat.room import ALICE, BOB, Room

VALID = (
    chat_message(
        "Gr\u00fc\u00dfe \u2603 \U0001f600",
        sender=ALICE,
        recipient=BOB,
        message_id="m-1",
        datetime="2026-11-24T23:00:00Z",
        dispositions=(Disposition.POSITIVE_DELIVERY, Disposition.DISPLAY),
    ),
    b"From: MR SANDERS <im:piglet@100akerwood.com>\r\nTo: <im:a@b>\r\n"
    b"DateTime: 2000-12-13T13:40:00-08:00\r\nNS: imdn <urn:ietf:params:imdn>\r\n"
    b"imdn.Message-ID: 1\r\nimdn.Disposition-Notification: interworking\r\n"
    b"imdn.IMDN-Record-Route: <sip:r@x>\r\n\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>Hello <b>you</b></p>",
    b"From: <im:a@b>\r\n\r\nContent-type: message/imdn+xml\r\n"
    b"Content-Disposition: notification\r\n\r\n<imdn xmlns='urn:ietf:params:xml:ns:"
    b"imdn'><message-id>1</message-id><datetime>x</datetime></imdn>",
    b"From: <im:a@b>\r\n\r\nContent-type: multipart/mixed; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/plain\r\n\r\nHi\r\n--x--\r\n",
)
TYPES = (
    "message/cpim",
    "message/cpim",
    "message/cpim",
    "text/plain",
    "text/plain;charset=utf-16",
    "multipart/mixed;boundary=x",
    'multipart/mixed;boundary="',
    "nonsense",
    "",
)


class AnyOctets(Room):
    session = {"participant_information": False, "inform_closed": "never"}

    def feed(self, seed: int) -> None:
        """Send what is almost right, and more that is not."""
        random = Random(seed)
        for _ in range(100):
            octets = bytearray(random.choice(VALID))
            for _ in range(random.randrange(6)):
                at = random.randrange(len(octets))
                octets[at : at + random.randrange(4)] = random.randbytes(
                    random.randrange(4)
                )
            answer = self.arrive(bytes(octets), random.choice(TYPES))
            self.assertIn(self.successResultOf(answer), (200, 400, 413))
            self.assertEqual(self.body.closed, 1)
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEqual(len(self.chats), 1)
        for message in self.store.messages:  # what is kept can be written
            octets_kept = msgspec.msgpack.encode(message)
            kept = msgspec.msgpack.decode(octets_kept, type=SentMessage)
            self.assertEqual(kept, message)

    def test_of_two(self) -> None:
        """In a session of two."""
        for seed in range(10):
            self.establish(call_id=str(seed))
            self.feed(seed)

    def test_of_a_group(self) -> None:
        """In the session of a group, where authors are shown."""
        for seed in range(10, 20):
            self.establish(here(call_id=str(seed)))
            self.feed(seed)
