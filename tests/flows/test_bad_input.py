"""Malformed octets in the midst of good traffic: answered, and nothing else suffers."""

from __future__ import annotations

import struct
from typing import Any

from cpmgw.lab.behaviour import CpmBehaviour, SmsBehaviour
from tests.flows.house import ALICE, BOB, House
from tests.flows.outsider import Outsider
from tests.flows.receipts import receipt_of
from txsmpp.codec import encode
from txsmpp.pdu import DeliverSm

HEAD = (
    "From: <tel:+15145550001>\r\nTo: <tel:+15145550002>\r\n"
    "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: m\r\n"
)


class BadInput(House):
    """Good messages before and after whatever a test does."""

    def good(self) -> None:
        """A message goes, its report comes back, and an SMS comes in."""
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        self.assertEqual(sent.status, 202)
        self.assertEqual(sent.outcome, [("delivery-notification", "delivered")])
        before = len(self.cpm.user(ALICE).inbox)
        done: list[list[int]] = []
        self.centre.send_sms(BOB[4:], ALICE[4:], "Hi").addCallback(done.append)
        self.network.wait_until(lambda: done)
        self.assertEqual(done, [[0]])
        self.assertEqual(len(self.cpm.user(ALICE).inbox), before + 1)


class BadSip(BadInput):
    """RFC 3261 and RFC 4475, in the whole gateway."""

    def setUp(self) -> None:
        super().setUp()
        self.peer = Outsider(self.network)

    def refusal(self, octets: bytes) -> tuple[int, str]:
        """The status that answers these octets, and the text of its Warning."""
        status = self.status(octets)
        (warning,) = self.peer.answers[-1].headers.raw("Warning")
        return status, warning.split(" ", 2)[2].strip('"')

    def turned_away(self, status: int) -> int:
        """How many messages were refused so before anything looked into them."""
        return self.gateway.traffic.turned_away["MESSAGE", status]

    def status(self, octets: bytes) -> int:
        """The status that answers these octets, 0 if nothing does."""
        before = len(self.peer.statuses)
        self.peer.octets(octets)
        self.settle()
        new = self.peer.statuses[before:]
        self.good()
        return new[0] if new else 0

    def test_no_sip_at_all(self) -> None:
        """Octets that are no SIP message get no answer."""
        for octets in (b"", b"\r\n\r\n", b"\0" * 100, b"GET / HTTP/1.1\r\n\r\n"):
            with self.subTest(octets=octets):
                self.assertEqual(self.status(octets), 0)

    def test_header_that_is_missing(self) -> None:
        """A request without a header it must have: 400 (RFC 4475 3.3.1)."""
        request = self.peer.request(text="Hello")
        broken = request.replace(headers=request.headers.without("From"))
        self.assertEqual(self.status(_unchecked(broken)), 400)

    def test_header_that_is_oversized(self) -> None:
        """513 with a Warning (21.5.7), counted."""
        octets = self.peer.request(text="Hello").encode()
        for count, extra in enumerate(
            (b"Subject: %s\r\n" % (b"x" * 40_000), b"X:\r\n" * 500)
        ):
            large = octets.replace(b"\r\n\r\n", b"\r\n%s\r\n" % extra, 1)
            self.assertEqual(
                self.refusal(large), (513, "Too Many or Too Long Header Fields")
            )
            self.assertEqual(self.turned_away(513), count + 1)

    def test_truncated(self) -> None:
        """A datagram that is shorter than its Content-Length: 400 (18.3)."""
        octets = self.peer.request(text="Hello").encode()
        self.assertEqual(self.status(octets[:-5]), 400)

    def test_method_that_is_not_served(self) -> None:
        """405 with Allow (8.2.1)."""
        octets = self.peer.request(text="Hello").encode()
        self.assertEqual(
            self.refusal(octets.replace(b"MESSAGE", b"PUBLISH")),
            (405, "this method is not served"),
        )
        self.assertEqual(self.gateway.traffic.turned_away["PUBLISH", 405], 1)

    def test_scheme_that_is_not_served(self) -> None:
        """416 with a Warning (8.2.2.1), counted."""
        octets = self.peer.request(text="Hello").encode()
        octets = octets.replace(b"MESSAGE tel:+15145550002", b"MESSAGE mailto:bob@x", 1)
        status, why = self.refusal(octets)
        self.assertEqual(status, 416)
        self.assertTrue(why)
        self.assertEqual(self.gateway.traffic.refused[416, "uri-scheme"], 1)

    def test_extension_that_is_required(self) -> None:
        """420 with Unsupported and a Warning (8.2.2.3), counted."""
        octets = self.peer.request(
            text="Hello", headers=(("Require", "warp-drive"),)
        ).encode()
        self.assertEqual(self.refusal(octets), (420, "122 SMS: Bad Extension"))
        self.assertEqual(
            self.peer.answers[-1].headers.raw("Unsupported"), ["warp-drive"]
        )
        self.assertEqual(self.gateway.traffic.refused[420, "extension"], 1)

    def test_no_hops_left(self) -> None:
        """483 with a Warning (16.3), counted."""
        octets = self.peer.request(text="Hello").encode()
        self.assertEqual(
            self.refusal(octets.replace(b"Max-Forwards: 70", b"Max-Forwards: 0")),
            (483, "no hop is left"),
        )
        self.assertEqual(self.turned_away(483), 1)

    def test_every_truncation(self) -> None:
        """No truncation of a message stops the gateway."""
        octets = self.peer.request(text="Hello").encode()
        for length in range(0, len(octets), 37):
            self.peer.octets(octets[:length])
        self.settle()
        self.good()
        self.assertEqual(len(self.centre.submitted), 1)


def _unchecked(request: Any) -> bytes:
    """The octets of a request that lacks what it must have."""
    lines = [f"{request.method} {request.uri} SIP/2.0"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    lines += [f"Content-Length: {len(request.body)}", "", ""]
    return "\r\n".join(lines).encode() + bytes(request.body)


class BadCpim(BadInput):
    """Octets that are no message/cpim, or odd ones."""

    def status(self, body: bytes, **details: Any) -> int:
        """The answer to a CPIM body."""
        sent = self.send(body=body, **details)
        self.centre.submitted.clear()
        self.good()
        return sent.status

    def test_malformed(self) -> None:
        """400 (RFC 3862, RFC 3428 7)."""
        for body in (
            b"",
            b"\r\n\r\n",
            b"no headers here",
            b"From <tel:+1>\r\n\r\nx",
            b"X: " + b"y" * 5000 + b"\r\n\r\nContent-Type: text/plain\r\n\r\nx",
            b"\xff\xfe\xfd",
            b"\0" * 50,
        ):
            with self.subTest(body=body[:20]):
                self.assertEqual(self.status(body), 400)

    def test_multipart_without_its_boundary(self) -> None:
        """400 where the parts cannot be told apart."""
        self.assertEqual(self.status(b"x", body_type="multipart/mixed"), 400)
        self.assertEqual(
            self.status(b"x", body_type="multipart/mixed;boundary=none"), 400
        )

    def test_text_that_no_charset_has(self) -> None:
        """Lone surrogates and controls become a message or 415, never a 500."""
        for content in (b"\xed\xa0\x80", b"\0\1\2", b"\xd8\x3d"):
            with self.subTest(content=content):
                body = f"{HEAD}\r\nContent-Type: text/plain\r\n\r\n".encode() + content
                self.assertIn(self.status(body), (202, 415))

    def test_identifiers_that_are_odd(self) -> None:
        """Message-IDs and identifiers of any form come back as they came."""
        odd = "a" * 200 + "<&>\"'é"
        body = (
            HEAD.replace(": m\r\n", f": {odd}\r\n")
            + "imdn.Disposition-Notification: positive-delivery\r\n\r\n"
            "Content-Type: text/plain\r\n\r\nHello"
        ).encode()
        sent = self.send(body=body, message_id=odd)
        self.assertEqual(sent.status, 202)
        self.assertEqual(sent.outcome, [("delivery-notification", "delivered")])

    def test_huge_identifier(self) -> None:
        """A Conversation-ID beyond all measure does no harm."""
        sent = self.send(text="Hello", conversation_id="c" * 3000)
        self.assertEqual(sent.status, 202)
        self.good()

    def test_to_that_is_no_number(self) -> None:
        """A Request-URI with a number is enough, whatever To says."""
        sent = self.send(
            text="Hello", request_uri=BOB, recipient="sip:b%20b@[2001:db8::1]"
        )
        self.assertEqual(sent.status, 202)
        self.assertEqual(len(sent.notifications), 2)


class BadImdn(BadInput):
    """Notifications from the CPM side that are none."""

    def test_malformed_document(self) -> None:
        """A notification that is no message/imdn+xml: 400 (RFC 5438 7.2)."""
        for document in (b"<imdn", b"", b"<!DOCTYPE x [<!ENTITY a 'b'>]><imdn/>"):
            with self.subTest(document=document):
                body = f"{HEAD}\r\nContent-Type: message/imdn+xml\r\n\r\n".encode()
                sent = self.send(body=body + document, recipient=f"{BOB};nccsid=SMS")
                self.assertEqual(sent.status, 400)
        self.assertEqual(self.centre.submitted, [])
        self.good()


class BadSmpp(BadInput):
    """SMPP 3.4 3.2 and 5.1.3: what an SM-SC should not send."""

    def octets(self, octets: bytes) -> None:
        """Have the SM-SC write these octets."""
        transport: Any = self.centre.sessions[-1].transport
        transport.write(octets)
        self.settle()

    def rebound(self) -> None:
        """Let the gateway bind again, if it lost its bind."""
        for _ in range(5):
            self.network.advance(2)
            self.settle()
        self.wait_until(lambda: self.gateway.centres[0].bound)

    def test_unknown_command(self) -> None:
        """A command_id that is none: generic_nack, and the bind stays."""
        session = self.centre.sessions[-1]
        self.octets(struct.pack(">IIII", 16, 0x00000099, 0, 77))
        self.assertIs(self.centre.sessions[-1], session)
        self.good()

    def test_malformed_body(self) -> None:
        """A deliver_sm whose body ends too soon is refused, and the bind stays."""
        session = self.centre.sessions[-1]
        self.octets(struct.pack(">IIII", 20, 0x00000005, 0, 78) + b"abcd")
        self.assertIs(self.centre.sessions[-1], session)
        self.good()

    def test_framing_lost(self) -> None:
        """A command_length that cannot be: the connection ends, and comes again."""
        self.octets(struct.pack(">IIII", 0xFFFFFFFF, 5, 0, 79))
        self.rebound()
        self.good()

    def test_garbage(self) -> None:
        """So it does with plain garbage."""
        self.octets(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20)
        self.rebound()
        self.good()

    def test_messages_under_way_when_the_bind_is_lost(self) -> None:
        """Who waits for an answer then gets 408; who comes after is served."""
        self.centre.behave(SmsBehaviour(silent=True))
        sent = self.send(text="Hello")
        self.octets(b"\0" * 64)
        self.assertEqual(sent.status, 408)
        self.centre.behave(SmsBehaviour())
        self.rebound()
        self.good()

    def test_response_to_nothing(self) -> None:
        """A response that answers nothing is dropped."""
        self.octets(struct.pack(">IIII", 17, 0x80000004, 0, 4711) + b"\0")
        self.good()

    def message(self, **fields: Any) -> int:
        """The status that answers a deliver_sm from Bob to Alice."""
        values: dict[str, Any] = {
            "source_addr_ton": 1,
            "source_addr_npi": 1,
            "source_addr": BOB[5:],
            "dest_addr_ton": 1,
            "dest_addr_npi": 1,
            "destination_addr": ALICE[5:],
            "short_message": b"Hi",
        }
        statuses: list[int] = []
        self.centre.sessions[-1].deliver(DeliverSm(**values | fields)).addCallback(
            lambda response: statuses.append(response.command_status)
        )
        self.network.wait_until(lambda: statuses)
        return statuses[0]

    def test_header_that_is_malformed(self) -> None:
        """A user data header that runs over: 0x65, it will never be better."""
        self.assertEqual(self.message(esm_class=0x40, short_message=b"\xff\x00"), 0x65)
        self.good()

    def test_binary(self) -> None:
        """A binary short message is no text: 0x65."""
        self.assertEqual(self.message(data_coding=4, short_message=b"\0\1\2"), 0x65)
        self.good()

    def test_no_text(self) -> None:
        """An empty short message arrives empty."""
        self.assertEqual(self.message(short_message=b""), 0)
        self.assertEqual(self.cpm.user(ALICE).texts, [""])

    def test_receipt_without_an_id(self) -> None:
        """A receipt that names no message: ESME_RINVMSGID."""
        self.assertEqual(self.message(esm_class=4, short_message=b"stat:DELIVRD"), 0x0C)
        self.good()

    def test_receipt_without_a_state(self) -> None:
        """A receipt that says nothing is ESME_ROK, and tells nobody."""
        self.centre.behave(SmsBehaviour(hold_receipts=9))
        sent = self.send(text="Hello", imdn=("positive-delivery",))
        (taken,) = self.centre.messages.values()
        octets = f"id:{taken.message_id}".encode()
        self.assertEqual(self.message(esm_class=4, short_message=octets), 0)
        self.assertEqual(sent.notifications, [])
        self.centre.behave(SmsBehaviour())
        self.good()

    def test_every_truncation_of_a_receipt(self) -> None:
        """No truncation inside a deliver_sm stops the bind."""
        whole = encode(receipt_of("1"))
        for length in range(17, len(whole), 5):
            head = struct.pack(">IIII", length, 5, 0, length)
            self.octets(head + whole[16:length])
        self.rebound()
        self.good()


class Slow(BadInput):
    def test_octet_by_octet(self) -> None:
        """Streams that come in the smallest pieces are the same streams."""
        self.network.segment_size = 1
        self.good()

    def test_cpm_side_that_never_answers(self) -> None:
        """One user who never answers holds nobody else back."""
        self.cpm.behave(CpmBehaviour(silent=True), "tel:+15145550009")
        done: list[list[int]] = []
        self.centre.send_sms(BOB[4:], "+15145550009", "Hi").addCallback(done.append)
        self.settle()
        self.good()
        self.assertEqual(done, [])
