"""Whatever octets come by MSRP, or by MM4, each message is answered."""

from __future__ import annotations

from random import Random

import msgspec

from cpmgw.cpm.chat_content import chat_message
from cpmgw.cpm.errors import MimeError
from cpmgw.cpm.imdn import Disposition
from cpmgw.iwf.mms.multimedia import InboundMms
from cpmgw.mail_records import SentMms
from cpmgw.mm4.entity import encoded, leaf, multipart, read_entity, to_cpm
from cpmgw.mm4.smil import with_smil
from tests.iwf.mms.chat.room import ALICE, BOB, MmsRoom
from tests.iwf.sessions.invites import NUMBER, here

WHOLE = with_smil(
    multipart(
        "mixed",
        (
            leaf("text/plain; charset=utf-8", "Gr\u00fc\u00dfe".encode()),
            leaf("image/png", b"\x89PNG\r\n\x1a\n\x00--x", content_id="<p>"),
        ),
    )
)
TYPE, _, OCTETS = to_cpm(WHOLE)
VALID = (
    chat_message(
        "Gr\u00fc\u00dfe \u2603 \U0001f600",
        sender=ALICE,
        recipient=BOB,
        message_id="m-1",
        datetime="2026-11-24T23:00:00Z",
        dispositions=(Disposition.POSITIVE_DELIVERY, Disposition.DISPLAY),
    ),
    b"From: A <im:a@b>\r\nTo: <im:a@b>\r\nNS: imdn <urn:ietf:params:imdn>\r\n"
    b"imdn.Message-ID: 1\r\nimdn.Disposition-Notification: interworking\r\n\r\n"
    b"Content-Type: " + TYPE.encode() + b"\r\n\r\n" + OCTETS,
    b"From: <im:a@b>\r\n\r\nContent-type: image/png\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=",
    b"From: <im:a@b>\r\n\r\nContent-type: message/imdn+xml\r\n"
    b"Content-Disposition: notification\r\n\r\n<imdn xmlns='urn:ietf:params:xml:ns:"
    b"imdn'><message-id>1</message-id><datetime>x</datetime></imdn>",
)
TYPES = ("message/cpim", "message/cpim", "text/plain", TYPE, 'multipart/mixed"', "")


def spoiled(octets: bytes, random: Random) -> bytes:
    """Octets with a few of them changed."""
    changed = bytearray(octets)
    for _ in range(random.randrange(6)):
        at = random.randrange(len(changed))
        changed[at : at + random.randrange(4)] = random.randbytes(random.randrange(4))
    return bytes(changed)


class AnyOctets(MmsRoom):
    session = {
        "participant_information": False,
        "inform_closed": "never",
        "inform_invited": "never",
    }

    def feed(self, seed: int) -> None:
        """Send what is almost right, and more that is not."""
        random = Random(seed)
        for _ in range(60):
            octets = spoiled(random.choice(VALID), random)
            answer = self.arrive(octets, random.choice(TYPES))
            self.assertIn(self.successResultOf(answer), (200, 400, 408, 415))
            self.assertTrue(self.body.closed)
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEqual(len(self.chats), 1)
        for entity in self.forwarding.entities:  # what goes out can be written
            encoded(entity)
        for parcel in self.forwarding.parcels:
            if parcel.sent is not None:
                kept = msgspec.msgpack.encode(parcel.sent)
                self.assertEqual(
                    msgspec.msgpack.decode(kept, type=SentMms), parcel.sent
                )

    def test_of_two(self) -> None:
        """In a session of two."""
        for seed in range(5):
            self.establish(call_id=str(seed))
            self.feed(seed)

    def test_of_a_group(self) -> None:
        """In the session of a group, where authors are shown."""
        for seed in range(10, 15):
            self.establish(here(call_id=str(seed)))
            self.feed(seed)

    def test_from_mms(self) -> None:
        """Whatever an MMS holds, it goes into the session."""
        self.establish(here())
        random = Random(1)
        for _ in range(200):
            kind = spoiled(TYPE.encode(), random).decode("latin-1")
            try:
                entity = read_entity(kind, "", spoiled(OCTETS, random))
            except MimeError:
                continue
            taken = self.taken(entity, target=NUMBER, hide=random.choice((None, True)))
            self.assertTrue(taken == "Ok" or isinstance(taken, InboundMms))
        self.assertGreater(len(self.stream.sent), 20)
