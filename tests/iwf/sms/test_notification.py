"""The two forms of an IMDN: in a SIP MESSAGE and in a session (TS 6.2.4 2)."""

from __future__ import annotations

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.cpim import parse_cpim
from cpmgw.cpm.cpim_text import parse_address
from cpmgw.cpm.imdn import parse_imdn
from cpmgw.iwf.notification import ANONYMOUS
from cpmgw.iwf.sms.notification import notification_request, session_notification
from cpmgw.iwf.sms.shortmessage import StatusReport
from cpmgw.records import ImdnContext

ALICE = "tel:+15145550001"
BOB = "tel:+15145550002"
GROUP = ImdnContext(
    originator=ALICE,
    recipient=BOB,
    cpim_from="sip:alice@ims.example.net",
    cpim_to="sip:group@focus.example.net",
    message_id="m-1",
    datetime="2026-11-24T12:00:00Z",
    requested=("positive-delivery",),
    record_route=("sip:one.example.net", "sip:two.example.net"),
    conversation_id="conversation",
    contribution_id="contribution",
    feature="session",
    service="urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session.group",
    session="s-1",
)
TWO = msgspec.structs.replace(
    GROUP, cpim_from=ANONYMOUS, cpim_to=ANONYMOUS, service="", anonymous=True
)


def report(context: ImdnContext) -> StatusReport:
    """What has become of a chat message."""
    return StatusReport(
        context=context,
        delivery="delivered",
        interworking="legacy-sms",
        new_message_id="new",
        now=1_760_000_000.0,
    )


def ends_of(body: bytes) -> tuple[str, str]:
    """The URIs of CPIM From and To."""
    cpim = parse_cpim(body)
    sender, to = cpim.get("From"), cpim.get("To")
    assert sender is not None and to is not None
    return parse_address(sender).uri, parse_address(to).uri


class InTheSession(SynchronousTestCase):
    def test_session_of_two(self) -> None:
        """CPIM From and To are anonymous (RCC.10 6.1.5.1)."""
        self.assertEqual(ends_of(session_notification(report(TWO))), (ANONYMOUS,) * 2)

    def test_session_of_two_whose_client_names_itself(self) -> None:
        """So they are where the client's own were not: those are ignored."""
        named = msgspec.structs.replace(TWO, cpim_from=ALICE, cpim_to=BOB)
        self.assertEqual(ends_of(session_notification(report(named))), (ANONYMOUS,) * 2)

    def test_session_of_a_group(self) -> None:
        """In a group they are the users: whose it is, and who wrote (5.4.1 2 b)."""
        body = session_notification(report(GROUP))
        self.assertEqual(ends_of(body), (BOB, ALICE))
        imdn = parse_imdn(parse_cpim(body).content)
        self.assertEqual(imdn.recipient_uri, BOB)

    def test_rows_of_table_3(self) -> None:
        """All else is as in a SIP MESSAGE: Table 3 for CPIM and XML."""
        for context in (TWO, GROUP):
            source = report(context)
            cpim = parse_cpim(session_notification(source))
            request = notification_request(source, call_id="c", tag="t")
            self.assertEqual(cpim.content, parse_cpim(request.body).content)
            self.assertEqual(cpim.imdn("Message-ID"), "new")
            self.assertEqual(cpim.imdn("IMDN-Route"), "<sip:one.example.net>")
            imdn = parse_imdn(cpim.content)
            self.assertEqual(imdn.message_id, "m-1")
            self.assertEqual(imdn.datetime, context.datetime)
            self.assertEqual(
                [(e.kind.value, e.status.value) for e in imdn.notifications],
                [
                    ("delivery-notification", "delivered"),
                    ("interworking-notification", "legacy-sms"),
                ],
            )


class AfterTheSession(SynchronousTestCase):
    def test_session_of_two(self) -> None:
        """A MESSAGE is between the users, who are named: nobody else knows them."""
        request = notification_request(report(TWO), call_id="c", tag="t")
        self.assertEqual(ends_of(request.body), (BOB, ALICE))
        self.assertEqual(str(request.from_.uri), BOB)
        self.assertEqual(str(request.to.uri), ALICE)
        imdn = parse_imdn(parse_cpim(request.body).content)
        self.assertEqual(imdn.recipient_uri, BOB)

    def test_session_of_a_group(self) -> None:
        """Those of a group's message are who they were in its session."""
        request = notification_request(report(GROUP), call_id="c", tag="t")
        self.assertEqual(ends_of(request.body), (BOB, ALICE))

    def test_identification(self) -> None:
        """The session's feature, service and identifiers (conversation TS 5.4.1)."""
        for context, service in (
            (GROUP, GROUP.service),
            (TWO, "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session"),
        ):
            request = notification_request(report(context), call_id="c", tag="t")
            headers = request.headers
            self.assertIn("cpm.session", headers.get("Accept-Contact") or "")
            self.assertEqual(headers.get("P-Asserted-Service"), service)
            self.assertEqual(headers.get("Conversation-ID"), "conversation")
            self.assertEqual(headers.get("Contribution-ID"), "contribution")
