"""The ISF in the path of a request (TS 5.1 steps 10 to 12, 6.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.isf.function import SelectionFunction
from cpmgw.policy import Policy
from cpmgw.sip.message import Response
from tests.isf.services import Service
from tests.iwf.requests import NOW, request_of

NO_TAG = frozenset({"Accept-Contact"})


class Function(SynchronousTestCase):
    def answer(
        self,
        *services: Service,
        senders: Sequence[str] = ("",),
        policy: Policy | None = None,
        **details: Any,
    ) -> Response:
        """The answer to a message."""
        function = SelectionFunction(
            services, policy or Policy(), "ims.example.net", lambda: NOW
        )
        answer = function.message(request_of(**details), senders)
        response: Response = self.successResultOf(Deferred.fromCoroutine(answer))
        return response

    def test_steps_10_and_12(self) -> None:
        """10, 12. The message is handed to the service, its answer handed back."""
        sms = Service("SMS")
        self.assertEqual(self.answer(sms).status, 202)
        (message,) = sms.taken
        self.assertEqual(message.received, NOW)

    def test_step_11a_error_of_the_service(self) -> None:
        """11 a. Without re-selection the service's error is the answer."""
        response = self.answer(Service("SMS", failure=480))
        self.assertEqual((response.status, response.reason), (480, "Failed"))
        self.assertEqual(response.headers.get("Retry-After"), "9")

    def test_refusal_says_why(self) -> None:
        """A refusal has a Warning that names this host (conversation TS 6.4)."""
        response = self.answer(Service("SMS", failure=480))
        self.assertEqual(
            response.headers.get("Warning"), '399 ims.example.net "122 it failed"'
        )

    def test_refusal_has_server_and_identifiers(self) -> None:
        """6.1.1: any answer has Server and the identifiers that came."""
        response = self.answer(Service("SMS", failure=480), conversation_id="c-1")
        self.assertIn("IWF-SMS-serv", response.headers.get("Server") or "")
        self.assertEqual(response.headers.get("Conversation-ID"), "c-1")
        self.assertNotIn("InReplyTo-Contribution-ID", response.headers)

    def test_sender_who_is_not_identified(self) -> None:
        """Conversation TS 6.1: nobody vouches for the sender: 403."""
        sms = Service("SMS")
        for senders in ((), ("+15145550002",), ("+44", "+33")):
            with self.subTest(senders=senders):
                response = self.answer(sms, senders=senders)
                self.assertEqual(response.status, 403)
                self.assertIn('"127 ', response.headers.get("Warning") or "")
        self.assertEqual(sms.asked, 0)

    def test_senders_that_the_peer_may_speak_for(self) -> None:
        """A peer that may speak for the sender's number is served."""
        for senders in (("+15145550001",), ("+44", "+1514"), ("",)):
            with self.subTest(senders=senders):
                response = self.answer(Service("SMS"), senders=senders)
                self.assertEqual(response.status, 202)

    def test_feature_tag(self) -> None:
        """6.1: without the tag of pager mode 488, unless policy wants it."""
        self.assertEqual(self.answer(Service("SMS"), without=NO_TAG).status, 488)
        lenient = Policy(untagged_as_pager=True)
        response = self.answer(Service("SMS"), policy=lenient, without=NO_TAG)
        self.assertEqual(response.status, 202)

    def test_notification_without_a_tag(self) -> None:
        """A notification is known by its content."""
        response = self.answer(
            Service("SMS"), without=NO_TAG, content_type="message/imdn+xml"
        )
        self.assertEqual(response.status, 202)

    def test_message_that_cannot_be_read(self) -> None:
        """What cannot be read is answered by what reading says: 400."""
        sms = Service("SMS")
        self.assertEqual(self.answer(sms, body=b"\r\n\r\n").status, 400)
        self.assertEqual(sms.asked, 0)
