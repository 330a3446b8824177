"""TS 5.1 steps 10 to 14: an IWF on another host, reached by SIP."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.lab.behaviour import SmsBehaviour
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.message import Response, respond
from tests.flows.dialog import RemoteIwf
from tests.flows.house import BOB, House
from tests.flows.remote import MMS, Remote
from txsmpp.status import CommandStatus


class Messages(Remote):
    def test_step_10_forwarded(self) -> None:
        """10. A picture goes to the MMS IWF, with our Record-Route.

        [TS 5.1 step 10]
        """
        sent = self.send(content_type="image/png", content=b"PNG")
        assert sent.response is not None
        self.assertEqual(sent.response.status, 200)
        request = self.iwf.last
        (route,) = request.headers.addresses("Record-Route")
        self.assertTrue(str(route.uri).startswith("sip:127.0.0.1:5060;lr;iwf=mms;sig="))
        self.assertEqual(request.max_forwards, 69)
        self.assertEqual(len(request.vias), 2)
        self.assertEqual(self.centre.submitted, [])

    def test_step_10_as_it_came(self) -> None:
        """10. What the IWF gets is what came: identity, feature, identifiers, body."""
        sent = self.send(content_type="image/png", content=b"PNG", priority="urgent")
        request = self.iwf.last
        for name in (
            "P-Asserted-Identity",
            "P-Asserted-Service",
            "Accept-Contact",
            "Conversation-ID",
            "Contribution-ID",
            "Priority",
        ):
            self.assertEqual(
                request.headers.raw(name), sent.request.headers.raw(name), name
            )
        self.assertEqual(request.body, sent.request.body)
        self.assertEqual(str(request.uri), BOB)

    def test_step_10_without_the_core(self) -> None:
        """10. The request goes straight there: the next hop is not involved."""
        self.send(content_type="image/png", content=b"PNG")
        self.assertEqual(len(self.iwf.received), 1)
        self.assertEqual(self.cpm.user(BOB).inbox, [])

    def test_step_12_answer(self) -> None:
        """12. The IWF's answer goes back as it is. [TS 5.1 step 12]"""

        def answer(incoming: Incoming) -> Response:
            return respond(
                incoming.request,
                202,
                headers=(
                    ("Message-Context", "multimedia-message"),
                    ("Server", "IWF-MMS-serv/OMA2.1"),
                ),
                to_tag="b",
            )

        self.iwf.answer = answer
        sent = self.send(content_type="image/png", content=b"PNG")
        assert sent.response is not None
        headers = sent.response.headers
        self.assertEqual(sent.response.status, 202)
        self.assertEqual(headers.get("Message-Context"), "multimedia-message")
        self.assertEqual(headers.raw("Server"), ["IWF-MMS-serv/OMA2.1"])
        self.assertEqual(sent.response.to.tag, "b")
        self.assertEqual(headers.raw("Record-Route"), [])

    def test_step_4_notification(self) -> None:
        """4. A notification that names MMS goes there."""
        sent = self.send(recipient=f"{BOB};nccsid=MMS", content_type="message/imdn+xml")
        self.assertEqual(sent.status, 200)
        self.assertEqual(len(self.iwf.received), 1)

    def test_nobody_there(self) -> None:
        """An IWF that does not answer a message is a 504 (RFC 4320 4.2), counted."""
        self.iwf.answer = lambda incoming: Deferred()
        sent = self.send(content_type="image/png", content=b"PNG")
        self.pass_time(29)
        assert sent.response is not None
        self.assertEqual(sent.response.status, 504)
        self.assertIn("mms", sent.response.headers.get("Warning") or "")
        self.assertEqual(self.gateway.traffic.refused[504, "iwf-unreachable"], 1)


class Lost(Remote):
    more = MMS.replace(":5080", ":5080;transport=tcp")

    def test_step_11a_connection_lost(self) -> None:
        """11 a. What an IWF may have taken before it went away goes nowhere else."""

        def answer(incoming: Incoming) -> Deferred[Response]:
            self.network.cut("127.0.0.1", 5080)
            return Deferred()

        self.iwf.answer = answer
        sent = self.send(text="x" * 700)
        assert sent.response is not None
        self.assertEqual(sent.response.status, 504)
        self.assertEqual(len(self.iwf.received), 1)
        self.assertEqual(self.centre.submitted, [])


class Reselection(Remote):
    def test_step_11_sms_fails(self) -> None:
        """11. What the SM-SC refuses is tried by MMS. [TS 5.1 step 11]"""
        self.centre.behave(SmsBehaviour(status=CommandStatus.ESME_RSYSERR))
        self.assertEqual(self.send(text="Hello").status, 200)
        self.assertEqual(len(self.iwf.received), 1)

    def test_step_11_mms_fails(self) -> None:
        """11. Large text that the MMS IWF refuses goes by SMS, in segments."""
        self.iwf.answer = 480
        self.assertEqual(self.send(text="x" * 700).status, 202)
        self.assertEqual(len(self.iwf.received), 1)
        self.assertGreater(len(self.centre.submitted), 3)

    def test_step_11d_all_fail(self) -> None:
        """11 d. None is left: 488. [TS 5.1 step 11d]"""
        self.iwf.answer = 503
        sent = self.send(text="x" * 9_000)
        assert sent.response is not None
        self.assertEqual(sent.response.status, 488)
        self.assertEqual(len(self.iwf.received), 1)
        self.assertEqual(self.centre.submitted, [])

    def test_step_11a_unsure(self) -> None:
        """11 a. A time-out does not tell whether it left: no other is tried."""
        self.iwf.answer = 408
        self.assertEqual(self.send(text="x" * 700).status, 408)
        self.assertEqual(self.centre.submitted, [])


class Notifications(Remote):
    policy = 'selection.services.notification = ["MMS", "SMS"]'

    def test_note_4(self) -> None:
        """NOTE 4. A notification is tried once, though SMS could take it as well.

        [TS 5.1 NOTE 4]
        """
        self.iwf.answer = 480
        sent = self.send(content_type="message/imdn+xml")
        self.assertEqual(sent.status, 480)
        (attempt,) = next(self.gateway.trace.newest()).attempts
        self.assertEqual(attempt.selection.candidates, ("mms", "SMS"))


class Mail(House):
    """An e-mail IWF takes what has no number."""

    more = """
[[iwf]]
name = "mail"
service = "email"
uri = "sip:127.0.0.1:5080"
addresses = "mailbox"
assigns_originator = true
kinds = ["pager"]
"""
    with_sms = False

    def setUp(self) -> None:
        super().setUp()
        self.iwf = RemoteIwf(self.network, 5080)
        self.iwf.endpoint.startService()
        self.addCleanup(self._stop, self.iwf.endpoint)

    def test_mailto(self) -> None:
        """A mailto: URI as target goes there; one of a scheme nobody has is 416."""
        for uri, status in (
            ("mailto:bob@example.net", 200),
            ("xmpp:bob@example.net", 416),
        ):
            sent = self.send(request_uri=uri, asserted="sip:alice@ims.example.net")
            self.assertEqual(sent.status, status)
        self.assertEqual(str(self.iwf.last.uri), "mailto:bob@example.net")
