"""Whom a request is for, as the selection sees it (TS 5.1 steps 5, 7a.iii and 8 c)."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.isf.reading import Reading, read_invite, read_message
from cpmgw.isf.request import CpmRequest
from cpmgw.isf.selection import Known, select
from cpmgw.iwf.capabilities import Kind
from cpmgw.iwf.parties import EMERGENCY
from cpmgw.policy import Policy
from tests.flows.dialog import invite
from tests.isf.invitations import GROUP
from tests.isf.reading import PLAN
from tests.isf.requests import EMAIL, SMS, policy
from tests.iwf.requests import ALICE, BOB, NOW, request_of

NUMBER = BOB[4:]


def message(**details: Any) -> CpmRequest:
    """A MESSAGE whose To is Bob, as the selection sees it."""
    return read_message(request_of(**details), NOW, PLAN, Policy()).request


class OneUser(SynchronousTestCase):
    """The number and the mail address are of one user."""

    def test_request_uri(self) -> None:
        """Who the Request-URI names, and never To beside it."""
        for uri, mailbox in (
            ("sip:carol@corp.example", "carol@corp.example"),
            ("sip:carol@ims.example.net", "carol@ims.example.net"),
            ("mailto:bob@x.example", "bob@x.example"),
            ("sip:corp.example", ""),
            ("urn:service:counseling", ""),
        ):
            with self.subTest(uri=uri):
                found = message(request_uri=uri)
                self.assertEqual((found.target, found.mailbox), ("", mailbox))
                self.assertEqual(found.target_scheme, uri.partition(":")[0])

    def test_to(self) -> None:
        """Who To names, where the Request-URI names this gateway."""
        for recipient, target, mailbox, scheme in (
            (BOB, NUMBER, "", "tel"),
            ("sip:bob@corp.example", "", "bob@corp.example", "sip"),
            ("mailto:bob@x.example", "", "bob@x.example", "mailto"),
            ("sip:ims.example.net", "", "", "sip"),
        ):
            with self.subTest(recipient=recipient):
                found = message(request_uri="sip:ims.example.net", recipient=recipient)
                self.assertEqual((found.target, found.mailbox), (target, mailbox))
                self.assertEqual(found.target_scheme, scheme)


class Emergencies(SynchronousTestCase):
    """Who is called for help has neither number nor mail address here."""

    def test_refused(self) -> None:
        """404 with the reason, whatever the form of the URI and whatever To says."""
        for uri in (
            "urn:service:sos",
            "URN:service:SOS.police",
            "sip:911@ims.example.net",
            "sip:112@corp.example;user=phone",
            "tel:911;phone-context=ims.example.net",
        ):
            with self.subTest(uri=uri):
                found = message(request_uri=uri)
                self.assertEqual((found.target, found.mailbox), ("", ""))
                self.assertEqual(found.target_fault, EMERGENCY)
                refusal = select(found, (SMS,), policy(), Known(), 5).refusal
                self.assertEqual((refusal.status, refusal.warning), (404, EMERGENCY))
                refusal = select(found, (EMAIL,), policy(), Known(), 5).refusal
                self.assertEqual(refusal.status, 404)


class Groups(SynchronousTestCase):
    """An invitation to a group is for whom the Request-URI names."""

    def read(self, uri: str, **details: Any) -> Reading:
        """An INVITE whose To is Bob, read."""
        request = invite(ALICE, uri, **details)
        headers = request.headers.with_replaced("To", f"<{BOB}>")
        return read_invite(request.replace(headers=headers), PLAN, Policy())

    def test_request_uri(self) -> None:
        """Even where that is this gateway: a number would be everybody's.

        [TS 5.1 step 7a.iii] [TS 5.1 step 8c]
        """
        for uri, expected in (
            ("tel:+15145550007", "+15145550007"),
            ("sip:carol@corp.example", ""),
            ("sip:ims.example.net", ""),
        ):
            with self.subTest(uri=uri):
                group = self.read(uri, contact=f"<{GROUP}>;isfocus")
                self.assertIs(group.request.kind, Kind.GROUP)
                self.assertEqual(group.request.target, expected)

    def test_session_with_one_user(self) -> None:
        """A session with one user is for To, where the Request-URI is this gateway."""
        reading = self.read("sip:ims.example.net")
        self.assertIs(reading.request.kind, Kind.SESSION)
        self.assertEqual(reading.request.target, NUMBER)
