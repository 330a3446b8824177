"""Pager mode messages as the IWF reads them (TS 6.1, 6.1.1)."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.bodies.spool import Spool, SpoolLimits
from cpmgw.cpm.features import Feature
from cpmgw.cpm.imdn import Disposition
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.standalone import StandaloneMessage, read_large, read_standalone
from cpmgw.policy import Policy
from tests.flows.dialog import IDS, invite
from tests.iwf.requests import ALICE, BOB, NOW, PLAN, message_of, request_of

BOUNDARY = "frontier"
CPIM = (
    "From: <tel:+15145550001>\r\nTo: <tel:+15145550002>\r\n"
    "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: m-1\r\n\r\n"
    "Content-Type: text/plain\r\n\r\nHello"
)
POLICY = Policy()
NO_IDENTITY = frozenset({"P-Asserted-Identity"})


def multipart(*parts: tuple[str, str]) -> bytes:
    """A multipart body of (headers, content)."""
    pieces = [f"--{BOUNDARY}\r\n{head}\r\n\r\n{body}\r\n" for head, body in parts]
    return ("".join(pieces) + f"--{BOUNDARY}--\r\n").encode()


class Fields(SynchronousTestCase):
    def test_parties(self) -> None:
        """`parties`: whom the dial plan knows in the identities and the URIs."""
        parties = message_of(asserted="sip:+15145550009@x;user=phone").parties
        self.assertEqual(parties.originator_text, "+15145550009")
        self.assertEqual(parties.target_text, BOB[4:])

    def test_nccsid(self) -> None:
        """`nccsid`: of the Request-URI, otherwise of To (Appendix D)."""
        self.assertEqual(message_of(recipient=f"{BOB};nccsid=SMS").nccsid, "SMS")
        message = message_of(recipient=f"{BOB};nccsid=MMS", request_uri=BOB)
        self.assertEqual(message.nccsid, "MMS")
        self.assertEqual(message_of().nccsid, "")

    def test_content(self) -> None:
        """`content_type` and `content` are those inside the wrapper."""
        message = message_of(content_type="text/plain;charset=koi8-r", content=b"\xc1")
        self.assertEqual(message.content_type, "text/plain;charset=koi8-r")
        self.assertEqual(message.content, b"\xc1")
        self.assertEqual(message.text(POLICY), "а")

    def test_imdn(self) -> None:
        """`message_id` and `requested`: the IMDN headers (RFC 5438 6)."""
        message = message_of(imdn=("positive-delivery", "display"))
        self.assertEqual(message.message_id, "m-1")
        self.assertEqual(
            message.requested,
            frozenset({Disposition.POSITIVE_DELIVERY, Disposition.DISPLAY}),
        )

    def test_identification(self) -> None:
        """`identification`: the three identifiers (step 2 a)."""
        found = message_of(
            conversation_id="c-1", contribution_id="c-2", in_reply_to="c-3"
        ).identification
        self.assertEqual(
            (found.conversation_id, found.contribution_id, found.in_reply_to),
            ("c-1", "c-2", "c-3"),
        )

    def test_priority_and_expires(self) -> None:
        """`priority` and `expires`, "" and None without their headers."""
        message = message_of(priority="urgent", expires=60)
        self.assertEqual((message.priority, message.expires), ("urgent", 60))
        self.assertEqual((message_of().priority, message_of().expires), ("", None))

    def test_is_notification(self) -> None:
        """A message/imdn+xml is a notification, in whatever letters."""
        for content_type in ("message/imdn+xml", "Message/IMDN+XML; charset=utf-8"):
            self.assertTrue(message_of(content_type=content_type).is_notification)
        self.assertFalse(message_of().is_notification)

    def test_lifetime(self) -> None:
        """`lifetime`: Expires up to what policy allows, otherwise policy's own."""
        policy = Policy(validity_default=100, validity_max=1000)
        for expires, expected in ((None, 100), (60, 60), (1000, 1000), (1001, 1000)):
            with self.subTest(expires=expires):
                message = message_of(expires=expires)
                self.assertEqual(message.lifetime(policy), expected)

    def test_text_is_made_once(self) -> None:
        """The ISF asks for the text as well as the IWF; it is the same."""
        message = message_of(text="Hello")
        self.assertIs(message.text(POLICY), message.text(POLICY))


class Wrapping(SynchronousTestCase):
    def test_no_wrapper(self) -> None:
        """A text without CPIM is read as it is; it has no IMDN headers."""
        message = message_of(body_type="text/plain", body=b"Hi", imdn=())
        self.assertIsNone(message.cpim)
        self.assertEqual(message.text(POLICY), "Hi")
        self.assertEqual(message.message_id, "")

    def test_transfer_encoding(self) -> None:
        """A Content-Transfer-Encoding inside the wrapper is undone."""
        body = CPIM.replace(
            "text/plain\r\n", "text/plain\r\nContent-Transfer-Encoding: base64\r\n"
        ).replace("Hello", "SGVsbG8=")
        self.assertEqual(message_of(body=body.encode()).text(POLICY), "Hello")

    def test_recipient_list_history(self) -> None:
        """6.1: a recipient list beside the wrapper is set aside, before or after it."""
        wrapped = ("Content-Type: message/cpim", CPIM)
        history = (
            "Content-Type: application/resource-lists+xml\r\n"
            "Content-Disposition: recipient-list-history",
            "<resource-lists/>",
        )
        for parts in ((wrapped, history), (history, wrapped)):
            message = message_of(
                body_type=f"multipart/mixed;boundary={BOUNDARY}",
                body=multipart(*parts),
            )
            self.assertEqual(message.text(POLICY), "Hello")
            self.assertEqual(message.message_id, "m-1")

    def test_multipart_without_cpim(self) -> None:
        """A multipart without a wrapper is the content itself."""
        message = message_of(
            body_type=f"multipart/mixed;boundary={BOUNDARY}",
            body=multipart(("Content-Type: text/plain", "Hi")),
        )
        self.assertIsNone(message.cpim)
        self.assertEqual(message.text(POLICY), "Hi")

    def test_require_that_is_understood(self) -> None:
        """A CPIM Require of what is known does no harm."""
        message = message_of(cpim_headers=(("Require", "imdn.Message-ID"),))
        self.assertEqual(message.text(POLICY), "Hello")


class Refusals(SynchronousTestCase):
    def refusal(self, **details: Any) -> CannotInterwork:
        """Why a message cannot be read."""
        refusal: CannotInterwork = self.assertRaises(
            CannotInterwork, message_of, **details
        )
        return refusal

    def test_cpim_require(self) -> None:
        """CPIM Require of what is not understood: 400 (RFC 3862 4.8)."""
        refusal = self.refusal(cpim_headers=(("Require", "Secret.Handshake"),))
        self.assertEqual(refusal.status, 400)
        self.assertIn("Secret.Handshake", refusal.warning)

    def test_cpim_malformed(self) -> None:
        """No CPIM in a message/cpim: 400."""
        self.assertEqual(self.refusal(body=b"\r\n\r\n").status, 400)

    def test_multipart_malformed(self) -> None:
        """A multipart without its boundary: 400."""
        self.assertEqual(
            self.refusal(body_type="multipart/mixed", body=b"x").status, 400
        )

    def test_identity_malformed(self) -> None:
        """A P-Asserted-Identity that is none: 400."""
        request = request_of(
            without=NO_IDENTITY, headers=(("p-asserted-identity", "<<nobody"),)
        )
        refusal = self.assertRaises(
            CannotInterwork, read_standalone, request, NOW, PLAN
        )
        self.assertEqual(refusal.status, 400)

    def test_content_that_is_no_text(self) -> None:
        """Content that cannot be text: 415, with the section that asks for it."""
        message = message_of(content_type="image/png", content=b"\x89PNG")
        refusal = self.assertRaises(CannotInterwork, message.text, POLICY)
        self.assertEqual((refusal.status, refusal.section), (415, "TS 6.1.1"))

    def test_protected_content(self) -> None:
        """Content protected end to end: 415 (TS 6.6)."""
        for kind in ("application/pkcs7-mime", "multipart/encrypted;boundary=b"):
            message = message_of(content_type=kind, content=b"x")
            refusal = self.assertRaises(CannotInterwork, message.text, POLICY)
            self.assertEqual(refusal.status, 415)

    def test_signature_around_the_wrapper(self) -> None:
        """A signed wrapper is not opened as if it were not signed (TS 6.6)."""
        for kind in ("multipart/signed", "multipart/mixed"):
            message = message_of(
                body_type=f"{kind};boundary={BOUNDARY}",
                body=multipart(
                    ("Content-Type: message/cpim", CPIM),
                    ("Content-Type: application/pkcs7-signature", "abc"),
                ),
            )
            refusal = self.assertRaises(CannotInterwork, message.text, POLICY)
            self.assertEqual(refusal.status, 415)


class RepeatKey(SynchronousTestCase):
    def key(self, **details: Any) -> bytes:
        """The key of a message."""
        return message_of(**details).repeat_key()

    def test_same_for_a_repeat(self) -> None:
        """Another transaction with the same Message-ID has the same key."""
        again = request_of().replace(
            headers=request_of().headers.with_replaced("Call-ID", "call-2")
        )
        self.assertEqual(read_standalone(again, NOW + 9, PLAN).repeat_key(), self.key())

    def test_other_forms_of_the_same_target(self) -> None:
        """A repeat may come with the target written otherwise."""
        uri = "sip:+15145550002@ims.example.net;user=phone"
        self.assertEqual(self.key(request_uri=uri), self.key())

    def test_different_for_another_message(self) -> None:
        """Another Message-ID, sender or target is another message."""
        keys = {
            self.key(),
            self.key(message_id="m-2"),
            self.key(sender="tel:+15145550009"),
            self.key(recipient="tel:+15145550009"),
            self.key(recipient="tel:+15145550008", request_uri="sip:ims.example.net"),
            self.key(recipient="tel:+15145550007", request_uri="sip:ims.example.net"),
        }
        self.assertEqual(len(keys), 6)

    def test_without_a_message_id(self) -> None:
        """Without a Message-ID the place in the sender's sequence counts."""
        plain: dict[str, Any] = {"message_id": "", "imdn": ()}
        request = request_of(**plain)
        later = request.replace(
            headers=request.headers.with_replaced("CSeq", "2 MESSAGE")
        )
        self.assertEqual(self.key(**plain), self.key(**plain))
        self.assertNotEqual(
            read_standalone(later, NOW, PLAN).repeat_key(), self.key(**plain)
        )


class Context(SynchronousTestCase):
    """What is stored for later notifications (steps 2 a and b)."""

    def context(self, **details: Any) -> Any:
        """The context of a message."""
        message = message_of(**details)
        return message.imdn_context(message.parties.ends(), PLAN)

    def test_addresses(self) -> None:
        """Addresses as Table 3 asks for them."""
        context = self.context(asserted="sip:+15145550009@x;user=phone")
        self.assertEqual(context.originator, "tel:+15145550009")
        self.assertEqual(context.recipient, BOB)
        self.assertEqual((context.cpim_from, context.cpim_to), (ALICE, BOB))

    def test_what_was_requested(self) -> None:
        """Message-ID, what was asked for, DateTime, and where it passed."""
        context = self.context(
            imdn=("interworking", "positive-delivery"),
            cpim_headers=(
                ("imdn.IMDN-Record-Route", "<sip:one@x>"),
                ("imdn.IMDN-Record-Route", "<sip:two@x>"),
                ("imdn.Original-To", "<tel:+15145550003>"),
            ),
        )
        self.assertEqual(context.message_id, "m-1")
        self.assertEqual(context.requested, ("interworking", "positive-delivery"))
        self.assertEqual(context.record_route, ("sip:one@x", "sip:two@x"))
        self.assertEqual(context.original_to, "tel:+15145550003")
        self.assertEqual(context.datetime, "2025-10-09T08:53:20Z")

    def test_routes_that_are_none(self) -> None:
        """What is no address that requests can be sent to is passed over."""
        context = self.context(
            cpim_headers=(
                ("imdn.IMDN-Record-Route", "<no uri>"),
                ("imdn.IMDN-Record-Route", "<mailto:one@x>"),
                ("imdn.IMDN-Record-Route", "<sip:two@x>"),
            )
        )
        self.assertEqual(context.record_route, ("sip:two@x",))

    def test_without_cpim(self) -> None:
        """Without a wrapper: the time it was received, and no CPIM addresses."""
        context = self.context(body_type="text/plain", body=b"Hi")
        self.assertEqual(context.datetime, "2025-10-09T08:53:20Z")
        self.assertEqual((context.cpim_from, context.cpim_to), ("", ""))

    def test_identifiers(self) -> None:
        """Conversation-ID, Contribution-ID, InReplyTo-Contribution-ID."""
        context = self.context(
            conversation_id="c-1", contribution_id="c-2", in_reply_to="c-3"
        )
        self.assertEqual(
            (context.conversation_id, context.contribution_id, context.in_reply_to),
            ("c-1", "c-2", "c-3"),
        )

    def test_service(self) -> None:
        """P-Asserted-Service, otherwise P-Preferred-Service."""
        asserted = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.msg"
        self.assertEqual(self.context().service, asserted)
        preferred = self.context(
            without=frozenset({"P-Asserted-Service"}),
            headers=(("P-Preferred-Service", f"{asserted}.group"),),
        )
        self.assertEqual(preferred.service, f"{asserted}.group")


class LargeMessages(SynchronousTestCase):
    """An INVITE, and what has come by MSRP (TS 6.1.2)."""

    def read(
        self,
        *headers: tuple[str, str],
        content_type: str = "message/cpim",
        content: bytes = CPIM.encode(),
    ) -> StandaloneMessage:
        """A large message from Alice to Bob."""
        request = invite(ALICE, BOB, feature=Feature.LARGE, headers=(*IDS, *headers))
        body = Spool(self.mktemp(), SpoolLimits()).body()
        self.addCleanup(body.close)
        body.write(0, content)
        body.finish()
        return read_large(request, NOW, PLAN, content_type=content_type, body=body)

    def test_parts(self) -> None:
        """Parties and identifiers are the INVITE's, text and IMDN the message's.

        [TS 6.1.2 step 2] [TS 6.1.2 SEND 2]
        """
        message = self.read(("Priority", "urgent"))
        self.assertEqual(message.parties.originator_text, ALICE[4:])
        self.assertEqual(message.parties.target_text, BOB[4:])
        self.assertEqual(message.identification.pairs(), IDS)
        self.assertEqual(message.text(POLICY), "Hello")
        self.assertEqual(message.message_id, "m-1")
        self.assertEqual(message.priority, "urgent")
        self.assertIs(message.feature, Feature.LARGE)

    def test_expiry(self) -> None:
        """Message-Expires counts; Expires is that of the INVITE. [TS 6.1.2 step 2]"""
        self.assertIsNone(self.read(("Expires", "60")).expires)
        self.assertEqual(self.read(("Message-Expires", "60")).expires, 60)

    def test_notifications_name_it(self) -> None:
        """What a notification needs says that it was a large message."""
        message = self.read()
        context = message.imdn_context(message.parties.ends(), PLAN)
        self.assertEqual(context.feature, Feature.LARGE.value)
        self.assertEqual(context.contribution_id, "part-1")
        pager = message_of()
        context = pager.imdn_context(pager.parties.ends(), PLAN)
        self.assertEqual(context.feature, Feature.PAGER.value)

    def test_without_wrapper(self) -> None:
        """What comes bare has no IMDN, and is told apart by its INVITE."""
        message = self.read(content_type="text/plain;charset=utf-8", content=b"Bare")
        self.assertEqual(message.text(POLICY), "Bare")
        self.assertEqual(message.message_id, "")
        self.assertEqual(len(message.repeat_key()), 16)

    def test_same_message_by_either_mode(self) -> None:
        """One Message-ID is one message, however it comes."""
        self.assertEqual(self.read().repeat_key(), message_of().repeat_key())

    def test_unreadable(self) -> None:
        """400 for a wrapper that is none, 415 for content without text."""
        for content, status in (
            (b"", 400),
            (b"no headers", 400),
            (b"From: <tel:+1>\r\nRequire: x.y\r\n\r\n\r\nHello", 400),
        ):
            error = self.assertRaises(CannotInterwork, self.read, content=content)
            self.assertEqual(error.status, status)
        image = self.read(content_type="image/png", content=b"\x89PNG")
        error = self.assertRaises(CannotInterwork, image.text, POLICY)
        self.assertEqual((error.status, error.section), (415, "TS 6.1.2"))
