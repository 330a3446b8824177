"""Tables 25, 26, 28, 29 and 31 to 34: a row of the TS a test (TS 6.3.1.1.6)."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import MmscConfig
from cpmgw.cpm.imdn import Disposition
from cpmgw.iwf.mapping import CONDITIONAL, MANDATORY, OPTIONAL
from cpmgw.iwf.mms.chat.sources import SessionMms
from cpmgw.iwf.mms.own import OwnRelay
from cpmgw.iwf.mms.relays import Relay
from cpmgw.iwf.mms.tables.table_25 import TABLE_25_SMTP
from cpmgw.iwf.mms.tables.table_26 import TABLE_26_FORWARD
from cpmgw.iwf.mms.tables.table_28 import TABLE_28_SMTP
from cpmgw.iwf.mms.tables.table_29 import TABLE_29_FORWARD
from cpmgw.iwf.mms.tables.table_31 import TABLE_31_SMTP
from cpmgw.iwf.mms.tables.table_32 import TABLE_32_FORWARD
from cpmgw.iwf.mms.tables.table_33 import TABLE_33_SMTP
from cpmgw.iwf.mms.tables.table_34 import TABLE_34_FORWARD
from cpmgw.mm4.addresses import plmn
from cpmgw.mm4.codec import read_pdu, write_pdu
from cpmgw.mm4.entity import leaf
from cpmgw.mm4.fields import read_fields, write_fields
from cpmgw.mm4.pdu import Forward, MessageType, Priority
from cpmgw.policy import Policy
from cpmgw.policy.mms import MmsPolicy
from cpmgw.policy.session import SessionPolicy
from cpmgw.sip.message import Request
from tests.flows.dialog import IDS, invite
from tests.iwf.mms.chat.stand_ins import Link
from tests.iwf.sessions.invites import (
    ALICE,
    BOB,
    membership_of,
    to_group,
)

NOW = 1_760_000_000.0
OURS, THEIRS = "mm4.example.net", "mms.test"
SYSTEM = f"system-user@{OURS}"
TEXT = leaf("text/plain; charset=utf-8", b"Hello")
ANONYMOUS = "sip:anonymous@anonymous.invalid"

REQUESTS = {
    26: (TABLE_25_SMTP, TABLE_26_FORWARD),
    29: (TABLE_28_SMTP, TABLE_29_FORWARD),
    32: (TABLE_31_SMTP, TABLE_32_FORWARD),
    34: (TABLE_33_SMTP, TABLE_34_FORWARD),
}


def source(
    request: Request | None = None, mms: dict[str, Any] | None = None, **details: Any
) -> SessionMms:
    """What goes to Bob in a session of Alice's, or as the request has it."""
    link: Any = Link()
    policy = Policy(mms=MmsPolicy(**(mms or {})))
    values: dict[str, Any] = {
        "membership": membership_of(request, policy),
        "relay": Relay(link, MmscConfig(name="home", domain=THEIRS)),
        "own": OwnRelay(OURS, "6.3.0"),
        "transaction_id": "t-1",
        "message_id": f"m-1@{OURS}",
        "entity": TEXT,
        "now": NOW,
    }
    return SessionMms(**values | details)


def invited(*headers: tuple[str, str]) -> Request:
    """An INVITE with further header fields."""
    return invite(ALICE, BOB, headers=(*IDS, *headers))


class Shape(SynchronousTestCase):
    def test_rows(self) -> None:
        """The rows are those of the TS, in its order, with its presence."""
        head = (
            "version",
            "type",
            "transaction_id",
            "message_id",
            "to",
            "sender",
            "content_type",
            "date",
        )
        route = ("forward_counter", "originator_system", "forward_route")
        for number, names in (
            (
                26,
                (
                    *head,
                    "expiry",
                    "delivery_report",
                    "priority",
                    "hide",
                    "read_reply",
                    "subject",
                    "acknowledge",
                    *route,
                    "entity",
                ),
            ),
            (
                29,
                (
                    *head,
                    "expiry",
                    "priority",
                    "hide",
                    *route,
                    "entity",
                    "delivery_report",
                    "read_reply",
                ),
            ),
            (
                32,
                (
                    *head,
                    "expiry",
                    "delivery_report",
                    "priority",
                    "hide",
                    "read_reply",
                    "acknowledge",
                    *route,
                    "entity",
                ),
            ),
            (34, (*head, "expiry", "priority", *route, "entity")),
        ):
            table = REQUESTS[number][1]
            self.assertEqual((table.number, table.names), (number, names))
            presence = {row.names[0]: row.presence for row in table.rows}
            for name in head:
                self.assertIs(presence[name], MANDATORY, name)
            for name in ("expiry", "priority", "forward_counter", "entity"):
                self.assertIs(presence[name], CONDITIONAL, name)
            for name in ("originator_system", "forward_route"):
                self.assertIs(presence[name], OPTIONAL, name)

    def test_sections(self) -> None:
        """Each table names its section."""
        for table, section in (
            (TABLE_25_SMTP, "6.3.1.1.6.1"),
            (TABLE_28_SMTP, "6.3.1.1.6.2"),
            (TABLE_31_SMTP, "6.3.1.1.6.4"),
            (TABLE_33_SMTP, "6.3.1.1.6.6"),
        ):
            self.assertEqual(table.section, section)
            self.assertEqual(table.names, ("mail_from", "recipients", "pdu"))


class Smtp(SynchronousTestCase):
    """Tables 25, 28, 31 and 33."""

    def test_all_rows(self) -> None:
        """MAIL From, RCPT To and DATA.

        [TS 6.3.1.1.6.1 step 4] [TS 6.3.1.1.6.2 step 3] [TS 6.3.1.1.6.4]
        [TS 6.3.1.1.6.6]
        """
        for smtp, forward in REQUESTS.values():
            values = smtp.apply(source())
            self.assertEqual(values["mail_from"], plmn("+15145550001", OURS))
            self.assertEqual(values["recipients"], (plmn("+15145550002", THEIRS),))
            expected = forward.apply(source())
            pdu = values["pdu"]
            for name in ("version", "type", "transaction_id", "message_id"):
                self.assertEqual(
                    getattr(pdu.transaction, name), expected.pop(name), name
                )
            del expected["entity"]
            for name, value in expected.items():
                self.assertEqual(getattr(pdu, name), value, name)


class Forwards(SynchronousTestCase):
    """Tables 26, 29, 32 and 34, one test a row."""

    def each(
        self, name: str, numbers: tuple[int, ...] = (26, 29, 32, 34), **details: Any
    ) -> list[Any]:
        """What several tables make of a row, None where it leaves it out."""
        return [
            REQUESTS[number][1].apply(source(**details)).get(name) for number in numbers
        ]

    def the(self, name: str, **details: Any) -> Any:
        """What all of them make of a row."""
        values = self.each(name, **details)
        self.assertEqual([each == values[0] for each in values], [True] * 4)
        return values[0]

    def test_version(self) -> None:
        """3GPP MMS Version: that of the IWF."""
        self.assertEqual(self.the("version"), "6.3.0")

    def test_type(self) -> None:
        """Message Type: MM4_forward.REQ."""
        self.assertIs(self.the("type"), MessageType.FORWARD_REQ)

    def test_transaction_id(self) -> None:
        """Transaction ID: a unique one."""
        self.assertEqual(self.the("transaction_id"), "t-1")

    def test_message_id(self) -> None:
        """Message ID: a unique one."""
        self.assertEqual(self.the("message_id"), f"m-1@{OURS}")

    def test_recipients(self) -> None:
        """Recipient(s) address: from the Request-URI of the INVITE."""
        self.assertEqual(self.the("to"), (f"+15145550002/TYPE=PLMN@{THEIRS}",))

    def test_sender(self) -> None:
        """Sender address: as 6.3.1.1.6.1 step 2 has it."""
        self.assertEqual(self.the("sender"), f"+15145550001/TYPE=PLMN@{OURS}")
        self.assertEqual(
            self.the("sender", request=to_group()), f"+15145559001/TYPE=PLMN@{OURS}"
        )

    def test_content_type(self) -> None:
        """Content type: that of the Content."""
        self.assertEqual(self.the("content_type"), "text/plain; charset=utf-8")

    def test_date_of_an_invitation(self) -> None:
        """Date and time of Table 26: the Date of the INVITE, else now."""
        self.assertEqual(self.each("date"), [NOW] * 4)
        dated = invited(("Date", "Thu, 09 Oct 2025 08:00:00 GMT"))
        self.assertEqual(
            self.each("date", request=dated), [1_759_996_800.0, NOW, NOW, NOW]
        )
        broken = invited(("Date", "yesterday"))
        self.assertEqual(self.each("date", request=broken), [NOW] * 4)

    def test_date_of_a_message(self) -> None:
        """Date and time of Table 29: the CPIM DateTime, else now."""
        for stated, date in (
            ("2025-10-09T08:00:00Z", 1_759_996_800.0),
            ("1900-01-01T00:00:00Z", NOW),
            ("9999-12-31T23:59:59Z", 253_402_300_799.0),
            ("9999-12-31T23:59:59-12:00", NOW),
            ("x", NOW),
        ):
            self.assertEqual(self.each("date", datetime=stated), [NOW, date, NOW, NOW])

    def test_expiry(self) -> None:
        """Time of Expiry: by policy."""
        self.assertEqual(self.the("expiry"), NOW + 3_600)
        self.assertEqual(self.the("expiry", mms={"session_expiry": 60}), NOW + 60)

    def test_no_reports(self) -> None:
        """Delivery report and Read reply: No but in Table 29."""
        asked = frozenset(Disposition)
        for name in ("delivery_report", "read_reply"):
            self.assertEqual(
                self.each(name, requested=asked), [False, True, False, None]
            )

    def test_delivery_report(self) -> None:
        """Delivery report of Table 29: by what is asked for."""
        for asked, expected in (
            ((), False),
            ((Disposition.POSITIVE_DELIVERY,), True),
            ((Disposition.NEGATIVE_DELIVERY,), True),
            ((Disposition.INTERWORKING,), True),
            ((Disposition.DISPLAY, Disposition.PROCESSING), False),
        ):
            (found,) = self.each("delivery_report", (29,), requested=frozenset(asked))
            self.assertIs(found, expected, asked)

    def test_read_reply(self) -> None:
        """Read reply of Table 29: where "display" is asked for."""
        for asked, expected in (
            ((), False),
            ((Disposition.DISPLAY,), True),
            ((Disposition.POSITIVE_DELIVERY,), False),
        ):
            (found,) = self.each("read_reply", (29,), requested=frozenset(asked))
            self.assertIs(found, expected, asked)

    def test_priority_of_an_invitation(self) -> None:
        """Priority of Table 26: that of the INVITE."""
        for value, expected in (
            ("non-urgent", Priority.LOW),
            ("normal", Priority.NORMAL),
            ("urgent", Priority.HIGH),
            ("emergency", Priority.HIGH),
            ("other", Priority.NORMAL),
        ):
            (found,) = self.each(
                "priority", (26,), request=invited(("Priority", value))
            )
            self.assertIs(found, expected, value)

    def test_priority(self) -> None:
        """Priority: by policy, in Table 26 where the INVITE says none."""
        self.assertIs(self.the("priority"), Priority.NORMAL)
        for value, expected in (("low", Priority.LOW), ("high", Priority.HIGH)):
            self.assertIs(
                self.the("priority", mms={"session_priority": value}), expected
            )

    def test_visibility(self) -> None:
        """Sender visibility: where Privacy asks for it; Table 34 has no such row."""
        self.assertEqual(self.each("hide"), [None] * 4)
        hidden = invited(("Privacy", "id"))
        self.assertEqual(self.each("hide", request=hidden), [True, True, True, None])

    def test_visible_number(self) -> None:
        """A number of the session's own, or a group's, hides nobody, and is shown."""
        hidden = invited(("Privacy", "id"))
        policy = Policy(session=SessionPolicy(sender="number"))
        own = membership_of(hidden, policy)
        self.assertEqual(self.each("hide", membership=own), [None] * 4)
        group = to_group(("Privacy", "id"))
        self.assertEqual(self.each("hide", request=group), [None] * 4)

    def test_subject(self) -> None:
        """Subject of Table 26: that of the INVITE, if it has one."""
        self.assertEqual(self.each("subject"), [None] * 4)
        named = invited(("Subject", "Chess"))
        self.assertEqual(
            self.each("subject", request=named), ["Chess", None, None, None]
        )

    def test_acknowledgement(self) -> None:
        """Acknowledgement Request of Tables 26 and 32: by policy."""
        self.assertEqual(self.each("acknowledge"), [True, None, True, None])
        off = {"acknowledgement_request": False}
        self.assertEqual(self.each("acknowledge", mms=off), [False, None, False, None])

    def test_forward_counter(self) -> None:
        """Forward counter: by policy, 0 is none."""
        self.assertIsNone(self.the("forward_counter"))
        self.assertEqual(self.the("forward_counter", mms={"forward_counter": 3}), 3)

    def test_originator_system(self) -> None:
        """Originator-System-Address: ours."""
        self.assertEqual(self.the("originator_system"), SYSTEM)

    def test_forward_route(self) -> None:
        """Forward-Route: ours."""
        self.assertEqual(self.the("forward_route"), (SYSTEM,))

    def test_content(self) -> None:
        """Content: what was composed."""
        self.assertIs(self.the("entity"), TEXT)

    def test_written(self) -> None:
        """What they make can be written as MM4, and says the same when it is read."""
        hidden = invited(("Privacy", "id"), ("Subject", "Schach"))
        for smtp, _ in REQUESTS.values():
            pdu = smtp.apply(source(hidden, requested=frozenset(Disposition)))["pdu"]
            fields, _ = read_fields(write_fields(write_pdu(pdu)) + b"\r\n")
            read = read_pdu(fields)
            assert isinstance(read, Forward)
            self.assertEqual(
                (read.transaction, read.sender, read.to),
                (pdu.transaction, pdu.sender, pdu.to),
            )
            self.assertEqual((read.date, read.expiry), (pdu.date, pdu.expiry))
            self.assertEqual(read.delivery_report, pdu.delivery_report)
            self.assertEqual(bool(read.hide), bool(pdu.hide))
