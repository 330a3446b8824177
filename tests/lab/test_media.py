"""The lab's CPM users send pictures and files, and see those that come."""

from __future__ import annotations

from cpmgw.cpm.mime import body_of_type
from cpmgw.lab.arrow import Arrow
from cpmgw.lab.pager import PagerMessage, carrying
from cpmgw.lab.pictures import landscape
from cpmgw.lab.sessions.streams import MEDIA_CHAT
from cpmgw.mm4.entity import leaf, multipart
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.stream import streams
from tests.lab.two_sides import ALICE, BOB, TwoSides

PHOTO = landscape(320, 240)
LETTER = multipart(
    "mixed",
    (
        leaf("text/plain;charset=utf-8", "Grüße!".encode()),
        leaf("image/jpeg", PHOTO, content_location="lake.jpg"),
    ),
)


class MediaTests(TwoSides):
    def test_large(self) -> None:
        """A large message carries a picture, octet for octet; its offer says so."""
        seen: list[Arrow] = []
        self.near.tap = seen.append
        message = PagerMessage(sender=ALICE, recipient=BOB)
        sent = self.near.send_large(carrying(message, LETTER))
        self.settle()
        self.assertEqual((sent.status, sent.msrp_status), (200, 200))
        (stream,) = streams(parse_sdp(sent.request.body))
        self.assertEqual(
            stream.accept_wrapped_types,
            ("multipart/mixed", "text/plain", "image/jpeg"),
        )
        (received,) = self.far.user(BOB).inbox
        self.assertEqual(received.text, "Grüße!")
        self.assertEqual([each.octets for each in received.pictures], [PHOTO])
        (send,) = [arrow for arrow in seen if arrow.name == "SEND"]
        self.assertIn('"Grüße!"', send.details)
        self.assertIn("▣ image/jpeg 320x240, 6 KB", send.details)

    def test_chat(self) -> None:
        """In a chat that offers clips a picture can be sent, alone or with a text."""
        chat = self.near.chat(ALICE, BOB, shape=MEDIA_CHAT)
        self.settle()
        sent = [chat.send(LETTER), chat.send(LETTER.parts[1]), chat.send("and a text")]
        self.settle()
        self.assertEqual([each.status for each in sent], [200, 200, 200])
        (theirs,) = self.far.user(BOB).chats
        self.assertEqual(theirs.texts, ["Grüße!", "", "and a text"])
        pictures = [len(each.pictures) for each in theirs.inbox]
        self.assertEqual(pictures, [1, 1, 0])
        self.assertEqual(len(sent[0].notifications), 1)
        chat.close()
        self.settle()

    def test_file(self) -> None:
        """A file's INVITE has what RFC 5547 asks for, and a CPIM beside the offer.

        Nobody here takes files: it is declined.
        """
        message = PagerMessage(sender=ALICE, recipient=BOB, imdn=("display",))
        picture = leaf("image/jpeg", PHOTO)
        sent = self.near.send_file(carrying(message, picture), "lake.jpg")
        self.settle()
        self.assertEqual(sent.status, 488)
        request = sent.request
        content_type = request.headers.get("Content-Type") or ""
        offer = body_of_type(content_type, request.body, "application/sdp")
        cpim = body_of_type(content_type, request.body, "message/cpim")
        assert offer is not None
        assert cpim is not None
        (stream,) = streams(parse_sdp(offer))
        selector = stream.file.selector
        assert selector is not None
        self.assertEqual(
            (selector.name, selector.type, selector.size),
            ("lake.jpg", "image/jpeg", len(PHOTO)),
        )
        self.assertEqual(stream.accept_types, ("image/jpeg",))
        self.assertIn(b"imdn.Disposition-Notification: display", cpim)
        self.assertTrue(cpim.endswith(b"\r\n\r\n"))
        self.assertIn("cpm.filetransfer", request.headers.get("Accept-Contact") or "")
