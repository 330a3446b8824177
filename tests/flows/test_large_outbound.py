"""TS 6.1.2, 6.2.4: large messages from CPM as SMS. [SCR Int-S-031-O]"""

from __future__ import annotations

from cpmgw.cpm.correlator import message_correlator
from cpmgw.cpm.features import Feature, accept_contact, tag
from cpmgw.lab.behaviour import SmsBehaviour
from cpmgw.sdp.roles import Direction, Setup
from tests.flows.dialog import IDS
from tests.flows.large import TEXT, LargeOutbound, SendByHand, wrapping
from tests.flows.messages import describe


class Delivery(LargeOutbound):
    """A message that arrives (TS 6.1.2)."""

    def test_delivered(self) -> None:
        """The text is on the handset, and the last chunk answered 200.

        [TS 6.1.2 SEND 4] [TS 6.1.2 BYE 3]
        """
        talk = self.established()
        self.assertEqual(self.say(talk), 200)
        self.assertEqual(self.bob.texts, [TEXT])
        self.assertEqual(talk.bye().status, 200)

    def test_answer(self) -> None:
        """Server, identifiers, Contact with the tag, and a session timer.

        [TS 6.1.2 step 4a] [TS 6.1.2 step 4b] [TS 6.1.2 step 4c]
        """
        talk = self.established(headers=(*IDS, ("InReplyTo-Contribution-ID", "r-1")))
        assert talk.answer is not None
        headers = talk.answer.headers
        self.assertIn("IWF-SMS-serv/OMA2.1", headers.get("Server") or "")
        for name, value in (*IDS, ("InReplyTo-Contribution-ID", "r-1")):
            self.assertEqual(headers.raw(name), [value])
        self.assertIn(tag(Feature.LARGE), headers.get("Contact") or "")
        self.assertIn("refresher=", headers.get("Session-Expires") or "")
        talk.bye()

    def test_description(self) -> None:
        """The answer: own path, recvonly, passive; the offered types and size.

        [TS 6.1.2 step 4d] [TS 6.1.2 step 5]
        """
        talk = self.established(size=1_234)
        stream = talk.stream
        self.assertTrue(stream.path[0].startswith("msrp://127.0.0.1:2855/"))
        self.assertEqual(stream.connect_to, ("127.0.0.1", 2855))
        self.assertIs(stream.direction, Direction.RECVONLY)
        self.assertIs(stream.setup, Setup.PASSIVE)
        self.assertEqual(stream.accept_types, ("message/cpim",))
        self.assertEqual(stream.accept_wrapped_types, ("text/plain",))
        selector = stream.file.selector
        assert selector is not None
        self.assertEqual(selector.size, 1_234)
        self.assertTrue(stream.has_cema)
        talk.bye()

    def test_chunks(self) -> None:
        """All chunks but the last are answered 200 at once; that one waits for SMS.

        [TS 6.1.2 SEND 1] [TS 6.1.2 SEND 3] [RCC.10 6.1.2 difference 2]
        """
        self.centre.behave(SmsBehaviour(delay=5.0))
        talk = self.side.large()
        talk.acknowledge()
        half, rest = SendByHand(talk, "hand-1", 1, 700), SendByHand(talk, "hand-2", 701)
        raw = self.raw(half.encode())
        self.assertIn(b"MSRP hand-1 200", raw.came)
        self.assertEqual(self.submitted(), [])
        raw.send(rest.encode())
        self.pass_time(4.0)
        self.assertNotIn(b"MSRP hand-2 ", raw.came)
        self.pass_time(2.0)
        self.assertIn(b"MSRP hand-2 200", raw.came)
        self.assertEqual(self.bob.texts, [TEXT])
        talk.bye()
        raw.close()

    def test_bye(self) -> None:
        """The 200 to BYE has Message-Context, Message-Correlator, identifiers, Server.

        [TS 6.2.4 B]
        """
        talk = self.established()
        self.say(talk)
        headers = talk.bye().headers
        self.assertEqual(headers.raw("Message-Context"), ["pager-message"])
        self.assertEqual(
            headers.raw("Message-Correlator"), [message_correlator(TEXT).rstrip()]
        )
        for name, value in IDS:
            self.assertEqual(headers.raw(name), [value])
        self.assertIn("IWF-SMS-serv/OMA2.1", headers.get("Server") or "")

    def test_notifications(self) -> None:
        """The IMDN of a large message: its tag, service and identifiers.

        [TS 6.1.2 SEND 2] [TS 6.1.2 step 2]
        """
        talk = self.established()
        wanted = ("positive-delivery", "interworking")
        self.assertEqual(self.say(talk, imdn=wanted, message_id="big-1"), 200)
        talk.bye()
        self.settle()
        (delivery,) = {id(n.request): n for n in self.alice.notifications}.values()
        self.assertEqual(delivery.message_id, "big-1")
        headers = delivery.request.headers
        self.assertEqual(headers.get("Accept-Contact"), accept_contact(Feature.LARGE))
        for name, value in IDS:
            self.assertEqual(headers.raw(name), [value])

    def test_message_expires(self) -> None:
        """Message-Expires is how long the message is worth delivering.

        [TS 6.1.2 step 2]
        """
        talk = self.established(headers=(*IDS, ("Message-Expires", "7200")))
        self.say(talk, "short")
        (pdu,) = self.submitted()
        self.assertEqual(pdu.validity_period, "000000020000000R")
        talk.bye()

    def test_priority(self) -> None:
        """Priority of the INVITE counts as that of a MESSAGE does (Table 1)."""
        talk = self.established(headers=(*IDS, ("Priority", "urgent")))
        self.say(talk, "short")
        (pdu,) = self.submitted()
        self.assertEqual(pdu.priority_flag, 2)
        talk.bye()

    def test_any_text(self) -> None:
        """Any type of text goes, HTML as the text in it.

        [RCC.10 6.1.2 difference 1]
        """
        for types, content_type, content, text in (
            ("text/html", "text/html", b"<p>Good <b>day</b></p>", "Good day"),
            ("text/x-other", "text/x-other", b"Good day", "Good day"),
            ("*", "text/plain;charset=iso-8859-1", b"\xc9t\xe9", "\u00c9t\u00e9"),
        ):
            talk = self.established(body=wrapping(types))
            status = self.say(
                talk, content_type=content_type, content=content, message_id=types
            )
            self.assertEqual(status, 200)
            self.assertEqual(self.bob.texts[-1], text)
            talk.bye()

    def test_without_wrapper(self) -> None:
        """Text that comes without its wrapper is taken for what it is."""
        talk = self.established()
        sent = talk.session.send("text/plain", b"Bare")
        self.settle()
        self.assertEqual(self.successResultOf(sent), 200)
        self.assertEqual(self.bob.texts, ["Bare"])
        talk.bye()

    def test_repeated(self) -> None:
        """A message that comes again in another session is not sent twice.

        [SCR Int-S-001-M]
        """
        for _ in range(2):
            talk = self.established()
            self.assertEqual(self.say(talk, message_id="again"), 200)
            headers = talk.bye().headers
            self.assertIn("Message-Correlator", headers)
        self.assertEqual(self.bob.texts, [TEXT])

    def test_notification_in_large_mode(self) -> None:
        """SMS has no form for a notification: it is taken, and ends here."""
        document = (
            '<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>m</message-id>'
            "<datetime>2026-01-01T00:00:00Z</datetime><delivery-notification>"
            "<status><delivered/></status></delivery-notification></imdn>"
        )
        talk = self.established(body=wrapping("message/imdn+xml text/plain"))
        status = self.say(
            talk, content_type="message/imdn+xml", content=document.encode()
        )
        self.assertEqual(status, 200)
        self.assertEqual(self.submitted(), [])
        self.assertNotIn("Message-Correlator", talk.bye().headers)

    def test_empty_message(self) -> None:
        """An empty SEND binds, and is not the message (RFC 4975 5.4)."""
        talk = self.established()
        self.assertTrue(talk.is_connected)
        self.assertEqual(self.say(talk), 200)
        self.assertEqual(self.bob.texts, [TEXT])
        talk.bye()

    def test_legacy_matching(self) -> None:
        """Without msrp-cema the session identifier alone counts (5.2.1.4)."""
        talk = self.side.large(body=wrapping("text/plain", cema=False))
        self.assertFalse(talk.stream.has_cema)
        talk.acknowledge()
        (own,) = talk.stream.path
        moved = own.replace("127.0.0.1:2855", "sbc.example.net:9")
        talk.connect(path=(moved,), connect_to=("127.0.0.1", 2855), by_session_id=True)
        self.assertEqual(self.say(talk), 200)
        talk.bye()


class EarlyAnswer(LargeOutbound):
    policy = "large.early_timeout = 3"

    def test_before_sms_answers(self) -> None:
        """408 after so many seconds; the message goes on all the same.

        [TS 6.1.2 408]
        """
        self.centre.behave(SmsBehaviour(delay=6.0))
        talk = self.established()
        sent = talk.say(TEXT, imdn=("positive-delivery",), message_id="big-2")
        self.settle()
        self.network.advance(2.9)
        self.assertNoResult(sent)
        self.network.advance(0.2)
        self.assertEqual(self.successResultOf(sent), 408)
        self.assertNotIn("Message-Correlator", talk.bye().headers)
        self.pass_time(20.0)
        self.assertEqual(self.bob.texts, [TEXT])
        self.assertEqual([n.message_id for n in self.alice.notifications], ["big-2"])

    def test_in_time(self) -> None:
        """What is answered sooner is answered as SMS does."""
        self.centre.behave(SmsBehaviour(delay=2.0))
        talk = self.established()
        sent = talk.say(TEXT)
        self.pass_time(2.5)
        self.assertEqual(self.successResultOf(sent), 200)
        self.pass_time(10.0)
        talk.bye()


class Rcs(LargeOutbound):
    profile = "rcs"

    def test_never_early(self) -> None:
        """The last chunk waits for SMS however long. [RCC.10 6.1.2 difference 2]"""
        self.assertEqual(self.gateway.config.policy.large.early_timeout, 0)


class Changes(LargeOutbound):
    """Other offers in the session (RFC 3261 14, RFC 4028)."""

    def test_refresh(self) -> None:
        """The same offer again, by re-INVITE or UPDATE, changes nothing."""
        talk = self.established()
        for method in ("INVITE", "UPDATE"):
            answer = talk.send(method, body=talk.description)
            self.assertEqual(answer.status, 200)
            assert talk.answer is not None
            self.assertEqual(
                answer.body.split(b"\r\ns=")[1], talk.answer.body.split(b"\r\ns=")[1]
            )
            if method == "INVITE":
                talk.acknowledge(2)
        self.assertEqual(self.say(talk), 200)
        talk.bye()

    def test_of_no_use(self) -> None:
        """488 for one without the stream; the message may come all the same."""
        talk = self.established()
        gone = talk.description.replace(b"m=message 2900", b"m=message 0")
        self.assertEqual(talk.reinvite(gone).status, 488)
        self.assertEqual(self.say(talk), 200)
        talk.bye()

    def test_other_path(self) -> None:
        """Another path: the session goes on with whoever has that."""
        talk = self.established()
        other = self.side.open()
        moved = describe(other.session, direction="sendonly", size=10)
        self.assertEqual(talk.reinvite(moved).status, 200)
        self.settle()
        other.first, other.answer = talk.first, talk.answer
        other.connect()
        self.assertEqual(self.say(other), 200)
        other.session.close()
        talk.bye()
