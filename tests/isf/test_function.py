"""The ISF in the path of a request (TS 5.1 steps 10 to 13, 6.1). [SCR Isf-S-001-M]"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.isf.function import SelectionFunction
from cpmgw.isf.iw_numbers import InterworkingNumbers
from cpmgw.isf.route_tokens import RouteTokens
from cpmgw.policy import Policy, SelectionPolicy
from cpmgw.sip.message import Request, Response
from cpmgw.trace import Entry, Trace
from cpmgw.traffic import Traffic
from tests.addressing.plans import plan
from tests.isf.services import Iwf, incoming_of, pager_only
from tests.iwf.requests import NOW, request_of

NO_TAG = frozenset({"Accept-Contact"})
NO_STORE: Any = None


class NoProxy:
    """What these tests need of a proxy: everything can be read as it is."""

    def readable(self, request: Request) -> Request:
        """The same."""
        return request


NO_PROXY: Any = NoProxy()


def reselecting(**details: Any) -> Policy:
    """A policy with these details of its selection."""
    return Policy(selection=msgspec.structs.replace(SelectionPolicy(), **details))


class Function(SynchronousTestCase):
    def setUp(self) -> None:
        self.traffic = Traffic()
        self.trace = Trace(10)

    def answer(
        self,
        *iwfs: Iwf,
        senders: Sequence[str] = ("",),
        policy: Policy | None = None,
        cancelled: bool = False,
        **details: Any,
    ) -> Response:
        """The answer to a message."""
        function = SelectionFunction(
            iwfs,
            NO_PROXY,
            RouteTokens(),
            policy=lambda: policy or Policy(),
            plan=plan,
            domain="ims.example.net",
            now=lambda: NOW,
            traffic=self.traffic,
            trace=self.trace,
            numbers=InterworkingNumbers(NO_STORE, (), lambda: NOW, 5),
        )
        incoming = incoming_of(request_of(**details))
        incoming.leg.cancelled = cancelled
        answer = function.message(incoming, senders)
        response: Response = self.successResultOf(Deferred.fromCoroutine(answer))
        return response

    @property
    def newest(self) -> Entry:
        """What the trace tells of the last request."""
        return next(self.trace.newest())

    # -- handing over

    def test_steps_10_and_12(self) -> None:
        """10, 12. The message is handed to the IWF, its answer handed back."""
        sms = Iwf()
        self.assertEqual(self.answer(sms).status, 202)
        (message,) = sms.messages
        self.assertEqual(message.received, NOW)

    def test_step_9_order(self) -> None:
        """9. Of two that can, the one that policy has first."""
        sms, mms = Iwf(pager_only("SMS")), Iwf(pager_only("MMS"))
        self.answer(mms, sms)
        self.assertEqual((len(sms.taken), len(mms.taken)), (1, 0))

    def test_whose_refusal(self) -> None:
        """Server names the IWF that refused, whichever is first by name."""
        for services in (("SMS",), ("MMS",)):
            iwfs = [Iwf(pager_only(name), -480) for name in ("MMS", "SMS")]
            order = {**SelectionPolicy().services, "pager": services}
            policy = reselecting(reselection="never", services=order)
            response = self.answer(*iwfs, policy=policy)
            self.assertIn(
                f"IWF-{services[0]}-serv", response.headers.get("Server") or ""
            )

    # -- step 11

    def test_step_11a_no_reselection(self) -> None:
        """11 a. Where policy allows none, the error goes back. [TS 5.1 step 11a]"""
        sms, mms = Iwf(pager_only("SMS"), -480), Iwf(pager_only("MMS"))
        response = self.answer(sms, mms, policy=reselecting(reselection="never"))
        self.assertEqual((response.status, response.reason), (480, "Failed"))
        self.assertEqual(response.headers.get("Retry-After"), "9")
        self.assertEqual(mms.taken, [])

    def test_step_11a_nothing_to_choose_from(self) -> None:
        """11 a. A single IWF's error goes back: no other could be selected."""
        self.assertEqual(self.answer(Iwf(pager_only("SMS"), -480)).status, 480)
        always = reselecting(reselection="always")
        response = self.answer(Iwf(pager_only("SMS"), -480), policy=always)
        self.assertEqual(response.status, 488)

    def test_step_11a_errors_that_end_it(self) -> None:
        """11 a. What policy excepts goes back: who knows whether it has left."""
        for status in SelectionPolicy().no_reselection:
            sms, mms = Iwf(pager_only("SMS"), status), Iwf(pager_only("MMS"))
            self.assertEqual(self.answer(sms, mms).status, status)
            self.assertEqual(mms.taken, [])

    def test_step_11a_what_is_no_error(self) -> None:
        """11 a. A redirection or a challenge goes back to who can follow it."""
        for status in (301, 302, 380, 401, 407):
            sms, mms = Iwf(pager_only("SMS"), status), Iwf(pager_only("MMS"))
            self.assertEqual(self.answer(sms, mms).status, status)
            self.assertEqual(mms.taken, [])

    def test_step_11c_next(self) -> None:
        """11 b, c. After an error the next IWF has its turn. [TS 5.1 step 11b]

        [TS 5.1 step 11c]
        """
        for failure in (-480, 503, 413):
            sms, mms = Iwf(pager_only("SMS"), failure), Iwf(pager_only("MMS"))
            self.assertEqual(self.answer(sms, mms).status, 202)
            self.assertEqual((len(sms.taken), len(mms.taken)), (1, 1))

    def test_step_11d_none_is_left(self) -> None:
        """11 d. Each IWF is tried once, then 488. [TS 5.1 step 11d]"""
        iwfs = [Iwf(pager_only(name), -480) for name in ("SMS", "MMS", "email")]
        response = self.answer(*iwfs)
        self.assertEqual(response.status, 488)
        self.assertEqual([len(each.taken) for each in iwfs], [1, 1, 1])
        self.assertIn("has been tried", response.headers.get("Warning") or "")
        self.assertEqual(self.traffic.refused[488, "no-service-left"], 1)

    def test_note_4_notifications(self) -> None:
        """NOTE 4. A disposition notification is never tried again. [TS 5.1 NOTE 4]"""
        sms, mms = Iwf(pager_only("SMS"), -480), Iwf(pager_only("MMS"))
        response = self.answer(sms, mms, content_type="message/imdn+xml")
        self.assertEqual((response.status, mms.taken), (480, []))

    def test_cancelled(self) -> None:
        """Who has given up is not tried for again."""
        sms, mms = Iwf(pager_only("SMS"), -480), Iwf(pager_only("MMS"))
        self.assertEqual(self.answer(sms, mms, cancelled=True).status, 480)
        self.assertEqual(mms.taken, [])

    # -- refusals

    def test_refusal_says_why(self) -> None:
        """A refusal has a Warning that names this host (conversation TS 6.4)."""
        response = self.answer(Iwf(pager_only("SMS"), -480))
        self.assertEqual(
            response.headers.get("Warning"), '399 ims.example.net "122 it failed"'
        )

    def test_refusal_has_server_and_identifiers(self) -> None:
        """6.1.1: any answer has Server and the identifiers that came."""
        response = self.answer(Iwf(pager_only("SMS"), -480), conversation_id="c-1")
        self.assertIn("IWF-SMS-serv", response.headers.get("Server") or "")
        self.assertEqual(response.headers.get("Conversation-ID"), "c-1")
        self.assertNotIn("InReplyTo-Contribution-ID", response.headers)

    def test_sender_who_is_not_identified(self) -> None:
        """Conversation TS 6.1: nobody vouches for the sender: 403."""
        sms = Iwf()
        for senders in ((), ("+15145550002",), ("+44", "+33")):
            with self.subTest(senders=senders):
                response = self.answer(sms, senders=senders)
                self.assertEqual(response.status, 403)
                self.assertIn('"127 ', response.headers.get("Warning") or "")
        self.assertEqual(sms.taken, [])
        self.assertEqual(self.traffic.refused[403, "sender"], 3)

    def test_senders_that_the_peer_may_speak_for(self) -> None:
        """A peer that may speak for the sender's number is served."""
        for senders in (("+15145550001",), ("+44", "+1514"), ("",)):
            with self.subTest(senders=senders):
                self.assertEqual(self.answer(Iwf(), senders=senders).status, 202)

    def test_feature_tag(self) -> None:
        """6.1: without the tag of pager mode 488, unless policy wants it."""
        self.assertEqual(self.answer(Iwf(), without=NO_TAG).status, 488)
        self.assertEqual(self.traffic.refused[488, "no-feature"], 1)
        lenient = Policy(untagged_as_pager=True)
        response = self.answer(Iwf(), policy=lenient, without=NO_TAG)
        self.assertEqual(response.status, 202)

    def test_contradictory_tags(self) -> None:
        """Two CPM features in one request: 403, counted."""
        both = (
            '*;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.msg,'
            'urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.session"'
        )
        headers = (("accept-contact", both),)
        response = self.answer(Iwf(), without=NO_TAG, headers=headers)
        self.assertEqual(response.status, 403)
        self.assertIn("msg and session", response.headers.get("Warning") or "")
        self.assertEqual(self.traffic.refused[403, "contradictory-features"], 1)

    def test_notification_without_a_tag(self) -> None:
        """A notification is known by its content."""
        response = self.answer(Iwf(), without=NO_TAG, content_type="message/imdn+xml")
        self.assertEqual(response.status, 202)

    def test_message_that_cannot_be_read(self) -> None:
        """What cannot be read is answered by what reading says: 400."""
        sms = Iwf()
        self.assertEqual(self.answer(sms, body=b"\r\n\r\n").status, 400)
        self.assertEqual(sms.taken, [])

    def test_number_of_somebody_else(self) -> None:
        """7a, 8. An IW-Number that comes with a request is not passed on."""
        sms = Iwf()
        self.answer(sms, headers=(("IW-Number", "tel:+19995550000"),))
        self.assertNotIn("IW-Number", sms.taken[0].headers)

    # -- the trace

    def test_trace(self) -> None:
        """The trace tells of each attempt what was found, and what came of it."""
        sms, mms = Iwf(pager_only("SMS"), -503), Iwf(pager_only("MMS"))
        self.answer(sms, mms)
        entry = self.newest
        self.assertEqual((entry.kind, entry.status, entry.cause), ("pager", 202, ""))
        self.assertEqual(
            [(e.selection.chosen, e.status, e.cause) for e in entry.attempts],
            [("SMS", 503, "test"), ("MMS", 202, "")],
        )
        self.assertIn("step 11b: SMS excluded: SMS has been tried", str(entry))

    def test_trace_of_a_refusal(self) -> None:
        """It names section, cause and Warning, and no number in full."""
        self.answer(Iwf(), recipient="sip:bob@ims.example.net")
        entry = self.newest
        self.assertEqual((entry.status, entry.cause), (404, "unroutable-target"))
        self.assertEqual(entry.section, "TS 5.1 step 5")
        self.assertEqual(entry.originator, "***001")
        self.assertIn("number", entry.warning)

    def test_trace_of_what_cannot_be_read(self) -> None:
        """A request that could not be read is there too."""
        self.answer(Iwf(), body=b"\r\n\r\n")
        self.assertEqual((self.newest.kind, self.newest.cause), ("", "unreadable"))
