"""Tables 27 and 30: the answer to an invitation, and the MSRP SEND (TS 6.3.1.1.6)."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.addressing.originator import Identity
from cpmgw.cpm.headers import Identification
from cpmgw.iwf.mapping import Table
from cpmgw.iwf.mms.chat.sources import ChatMms
from cpmgw.iwf.mms.multimedia import InboundMms
from cpmgw.iwf.mms.tables.table_27 import TABLE_27_SIP_RESPONSE
from cpmgw.iwf.mms.tables.table_30 import TABLE_30_SEND
from cpmgw.iwf.parties import Ends
from cpmgw.iwf.sessions.acceptance import InvitationAnswer, session_answer
from cpmgw.mm4.addresses import plmn
from cpmgw.mm4.entity import leaf
from cpmgw.mm4.pdu import Forward, MessageType, Transaction
from cpmgw.policy import Policy
from cpmgw.policy.session import SessionPolicy
from cpmgw.sip.message import Request
from tests.addressing.plans import e164
from tests.iwf.sessions.invites import BOB, GROUP, PLAN, membership_of, to_group

NOW = 1_760_000_000.0
THEIRS = "mms.test"
TEXT = leaf("text/plain; charset=utf-8", b"Hello")
ANONYMOUS = "sip:anonymous@anonymous.invalid"


class Table27(SynchronousTestCase):
    """The answer to an invitation. [TS 6.3.1.1.6.1 forward 2]"""

    def source(self, **details: Any) -> InvitationAnswer:
        """The answer of a user who accepts."""
        values: dict[str, Any] = {
            "accepted": True,
            "user": Identity(address=e164("+15145550002")),
            "plan": PLAN,
            "identification": Identification("conversation", "contribution"),
            "policy": Policy(),
            "iw_number": "tel:+15145550100",
            "body": b"v=0\r\n",
        }
        return InvitationAnswer(**values | details)

    def test_accepted(self) -> None:
        """200 with the SDP answer, Message-Context and IW-Number.

        [TS 6.3.1.1.7 session]
        """
        answer = session_answer(TABLE_27_SIP_RESPONSE, self.source())
        self.assertEqual((answer.status, answer.body), (200, b"v=0\r\n"))
        headers = dict(answer.headers)
        self.assertTrue(headers.pop("Server").startswith("IWF-MMS-serv/OMA2.1"))
        self.assertEqual(
            headers,
            {
                "Message-Context": "multimedia-message",
                "IW-Number": "tel:+15145550100",
                "Conversation-ID": "conversation",
                "Contribution-ID": "contribution",
                "P-Asserted-Identity": f"<{BOB}>",
            },
        )

    def test_declined(self) -> None:
        """603 Decline, or 480 by policy, without a body."""
        for status, reason in ((603, "Decline"), (480, "Temporarily Unavailable")):
            session = SessionPolicy(declined_status=status)  # type: ignore[arg-type]
            policy = Policy(session=session)
            answer = session_answer(
                TABLE_27_SIP_RESPONSE, self.source(accepted=False, policy=policy)
            )
            self.assertEqual((answer.status, answer.reason), (status, reason))
            self.assertEqual(answer.body, b"")
            self.assertEqual([name for name, _ in answer.headers], ["Server"])

    def test_rows(self) -> None:
        """The rows of the TS, in its order."""
        self.assertEqual(
            TABLE_27_SIP_RESPONSE.names[:9],
            (
                "response code",
                "reason phrase",
                "Call-ID",
                "To",
                "Via",
                "From",
                "CSeq",
                "Content-Length",
                "body",
            ),
        )


class Table30(SynchronousTestCase):
    """The MSRP SEND of an MMS. [TS 6.3.1.1.6.3]"""

    def apply(self, request: Request | None = None, **details: Any) -> dict[str, Any]:
        """What the table makes of an MMS of Bob's."""
        ends = Ends(e164("+15145550002"), e164("+15145550001"))
        recipient: Any = PLAN.uri_of(ends.target)
        message = InboundMms(
            forward=Forward(
                transaction=Transaction(
                    type=MessageType.FORWARD_REQ, transaction_id="t", message_id="m"
                ),
                sender=plmn("+15145550002", THEIRS),
                **details,
            ),
            entity=TEXT,
            ends=ends,
            sender=Identity(address=ends.originator),
            recipient=recipient,
            plan=PLAN,
            domain="ims.example.net",
            policy=Policy(),
            relay="home",
            identity="0" * 32,
            received=NOW,
        )
        table: Table[ChatMms] = TABLE_30_SEND
        return table.apply(ChatMms(membership=membership_of(request), message=message))

    def test_content_type(self) -> None:
        """Content Type: message/cpim (step 1a)."""
        self.assertEqual(self.apply()["Content-Type"], "message/cpim")

    def test_of_msrp(self) -> None:
        """To-Path, From-Path, Message-ID and Byte-Range are the session's."""
        values = self.apply()
        names = ("To-Path", "From-Path", "Message-ID", "Byte-Range")
        self.assertEqual(TABLE_30_SEND.names[:4], names)
        self.assertTrue(values.keys().isdisjoint(names))

    def test_reports(self) -> None:
        """Success-Report and Failure-Report: Yes where a report was asked for."""
        values = self.apply(delivery_report=True)
        self.assertTrue(values["Success-Report"] and values["Failure-Report"])
        self.assertNotIn("Success-Report", self.apply())

    def test_datetime(self) -> None:
        """DateTime: that of the MMS, otherwise now."""
        self.assertEqual(self.apply()["datetime"], "2025-10-09T08:53:20Z")
        self.assertEqual(self.apply(date=NOW - 60)["datetime"], "2025-10-09T08:52:20Z")

    def test_from(self) -> None:
        """CPIM From: the user of a group, or an anonymous URI where it is hidden."""
        self.assertEqual(self.apply(to_group())["sender"], BOB)
        self.assertEqual(self.apply(to_group(), hide=True)["sender"], ANONYMOUS)
        self.assertEqual(self.apply(to_group(), hide=False)["sender"], BOB)
        self.assertEqual(self.apply()["sender"], ANONYMOUS)

    def test_to(self) -> None:
        """CPIM To, which the TS leaves out: the group."""
        self.assertEqual(self.apply(to_group())["to"], GROUP)
        self.assertEqual(self.apply()["to"], ANONYMOUS)

    def test_body(self) -> None:
        """Body: the Content."""
        values = self.apply()
        self.assertEqual(values["content_type"], "text/plain; charset=utf-8")
        self.assertEqual(values["content"], b"Hello")
