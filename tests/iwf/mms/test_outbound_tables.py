"""Tables 12 to 16, 23 and 24: CPM messages and files to MMS (TS 6.3.1.1)."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase

import cpmgw.iwf.mms.tables
from cpmgw.addressing.originator import Originator
from cpmgw.cpm.resource_lists import CopyControl, Entry
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.mapping import CONDITIONAL, MANDATORY, OPTIONAL, Table
from cpmgw.iwf.mms import forward_rules as rules
from cpmgw.iwf.mms.outbound import ends_of
from cpmgw.iwf.mms.own import OwnRelay
from cpmgw.iwf.mms.relays import Relay
from cpmgw.iwf.mms.sending import AcceptedMms, OutboundMms
from cpmgw.iwf.mms.tables.smtp_status import SMTP_STATUS_OF_MAIL, SMTP_STATUS_OF_RCPT
from cpmgw.iwf.mms.tables.table_12 import TABLE_12_SMTP
from cpmgw.iwf.mms.tables.table_13 import TABLE_13_FORWARD
from cpmgw.iwf.mms.tables.table_14 import TABLE_14_SIP_ANSWER, TABLE_14_STATUS
from cpmgw.iwf.mms.tables.table_15 import TABLE_15_SMTP
from cpmgw.iwf.mms.tables.table_16 import TABLE_16_FORWARD
from cpmgw.iwf.mms.tables.table_23 import TABLE_23_SMTP
from cpmgw.iwf.mms.tables.table_24 import TABLE_24_FORWARD
from cpmgw.mm4.entity import leaf
from cpmgw.mm4.pdu import Forward, MessageType, Priority, RequestStatus, Transaction
from cpmgw.policy import Policy
from cpmgw.policy.mms import MmsPolicy
from cpmgw.sip.status import reason_for
from cpmgw.sip.uri import SipUri, TelUri
from tests.addressing.plans import name, plan
from tests.iwf.mms.gateway import DOMAIN, FakeRelay, configured
from tests.iwf.requests import NOW, PLAN, message_of

ALICE = f"+15145550001/TYPE=PLMN@{DOMAIN}"
BOB = "+15145550002/TYPE=PLMN@mms.test"
CAROL = "+15145550003/TYPE=PLMN@mms.test"
SYSTEM = f"system-user@{DOMAIN}"
ID = f"0123456789abcdef@{DOMAIN}"
FOLDER = Path(cpmgw.iwf.mms.tables.__file__).parent
FORWARDS = {
    13: TABLE_13_FORWARD,
    16: TABLE_16_FORWARD,
    24: TABLE_24_FORWARD,
}
MODULES = ("smtp_status", *(f"table_{n}" for n in (12, 13, 14, 15, 16, 23, 24)))


def source_of(
    policy: Policy | None = None, history: tuple[Entry, ...] = (), **details: Any
) -> OutboundMms:
    """A message from Alice to Bob that is about to be sent."""
    message = message_of(**details)
    return OutboundMms(
        message=message,
        message_id=ID,
        ends=message.parties.ends(),
        entity=leaf("text/plain; charset=utf-8", b"Hello"),
        relay=Relay(FakeRelay(), configured().mmsc[0]),
        own=OwnRelay(DOMAIN, "6.3.0"),
        transaction_id="t-1",
        plan=PLAN,
        policy=policy or Policy(),
        history=history,
    )


def forward_by(number: int, source: OutboundMms) -> Forward:
    """The MM4_forward.REQ of a table."""
    return rules.forward_of(FORWARDS[number].apply(source))


def mms(**keys: Any) -> Policy:
    """A policy with keys of [policy.mms]."""
    return Policy(mms=msgspec.convert(keys, MmsPolicy))


class Modules(SynchronousTestCase):
    def test_data_only(self) -> None:
        """A table's module holds rows: no function, class, branch or loop."""
        code = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.If)
        for module in MODULES:
            tree = ast.parse((FOLDER / f"{module}.py").read_text())
            found = [node for node in ast.walk(tree) if isinstance(node, code)]
            self.assertEqual(found, [], module)

    def test_numbers(self) -> None:
        """Each names its table and section."""
        tables: tuple[Table[Any], ...] = (
            TABLE_12_SMTP,
            TABLE_13_FORWARD,
            TABLE_14_SIP_ANSWER,
            TABLE_15_SMTP,
            TABLE_16_FORWARD,
            TABLE_23_SMTP,
            TABLE_24_FORWARD,
        )
        self.assertEqual(
            [(each.number, each.section) for each in tables],
            [
                (12, "6.3.1.1.1"),
                (13, "6.3.1.1.1"),
                (14, "6.3.1.1.1"),
                (15, "6.3.1.1.2"),
                (16, "6.3.1.1.2"),
                (23, "6.3.1.1.5"),
                (24, "6.3.1.1.5"),
            ],
        )

    def test_presence(self) -> None:
        """The status of each parameter is that of the TS."""
        optional = {"acknowledge", "originator_system", "forward_route"}
        mandatory = {
            *("version", "type", "transaction_id", "message_id", "to", "cc"),
            *("sender", "content_type", "date"),
        }
        for table in FORWARDS.values():
            for row in table.rows:
                wanted = CONDITIONAL
                if row.names[0] in optional:
                    wanted = OPTIONAL
                elif row.names[0] in mandatory:
                    wanted = MANDATORY
                self.assertIs(row.presence, wanted, row.names)

    def test_fields(self) -> None:
        """Every row of an MM4_forward.REQ is a field of it, or its content."""
        known = {*Forward.__struct_fields__, *Transaction.__struct_fields__, "Content"}
        for table in FORWARDS.values():
            self.assertLessEqual({*table.names}, known)


class Envelopes(SynchronousTestCase):
    def test_smtp(self) -> None:
        """MAIL From is the sender here, RCPT To the target at its relay.

        [SCR Int-S-015-O] [TS 6.3.1.1.1 step 4]
        """
        for table in (TABLE_12_SMTP, TABLE_15_SMTP, TABLE_23_SMTP):
            self.assertEqual(table.names, ("mail_from", "recipients", "DATA"))
            self.assertEqual(
                table.apply(source_of()), {"mail_from": ALICE, "recipients": (BOB,)}
            )

    def test_only_the_target(self) -> None:
        """RCPT To is the Request-URI alone, whoever else gets the message."""
        history = (Entry("tel:+15145550003", CopyControl.TO),)
        values = TABLE_12_SMTP.apply(source_of(history=history))
        self.assertEqual(values["recipients"], (BOB,))

    def test_several_identities(self) -> None:
        """Of several identities one that is a number is taken (Tables 12 and 15)."""
        listed = plan(names=[{"name": "BANK", "uri": "sip:bank@ims.example.net"}])
        message = message_of()
        originator = Originator(
            address=name("BANK"),
            sip=SipUri("sip", "bank", "ims.example.net"),
            tel=TelUri("+15145550009"),
            display_name="",
            hidden=False,
            asserted=True,
        )
        parties = msgspec.structs.replace(message.parties, originator=originator)
        self.assertEqual(ends_of(parties, listed).originator.text, "+15145550009")
        nameless = msgspec.structs.replace(originator, tel=None)
        parties = msgspec.structs.replace(parties, originator=nameless)
        error = self.assertRaises(CannotInterwork, ends_of, parties, listed)
        self.assertEqual((error.status, error.cause), (488, "no-originator-address"))


class Rows(SynchronousTestCase):
    def each(self, source: OutboundMms) -> list[tuple[int, Forward]]:
        """What Tables 13, 16 and 24 make of a message."""
        return [(number, forward_by(number, source)) for number in FORWARDS]

    def test_transaction(self) -> None:
        """3GPP MMS Version, Message Type, Transaction ID, Message ID."""
        for _, forward in self.each(source_of()):
            self.assertEqual(
                forward.transaction,
                Transaction(
                    type=MessageType.FORWARD_REQ,
                    transaction_id="t-1",
                    message_id=ID,
                    version="6.3.0",
                ),
            )

    def test_one_recipient(self) -> None:
        """Recipient address: the Request-URI where there is one recipient."""
        for _, forward in self.each(source_of()):
            self.assertEqual((forward.to, forward.cc, forward.bcc), ((BOB,), (), ()))

    def test_several_recipients(self) -> None:
        """Recipient address: To and Cc by copyControl; who is hidden is not shown."""
        history = (
            Entry("tel:+15145550002", CopyControl.TO),
            Entry("sip:+15145550003@ims.example.net;user=phone", CopyControl.CC),
            Entry("tel:+15145550004", CopyControl.BCC),
            Entry("tel:+15145550005"),
            Entry("sip:anonymous@anonymous.invalid", CopyControl.TO, "", True),
            Entry("tel:+15145550006", CopyControl.TO, "", True),
            Entry("::not a uri::", CopyControl.TO),
            Entry("tel:+15145550002", CopyControl.CC),
        )
        for _, forward in self.each(source_of(history=history)):
            self.assertEqual(forward.to, (BOB, "+15145550005/TYPE=PLMN@mms.test"))
            self.assertEqual(forward.cc, (CAROL,))

    def test_nobody_shown(self) -> None:
        """Recipient address: the target, where the list has nobody to show."""
        history = (Entry("tel:+15145550002", CopyControl.BCC),)
        for _, forward in self.each(source_of(history=history)):
            self.assertEqual((forward.to, forward.cc), ((BOB,), ()))

    def test_target_not_listed(self) -> None:
        """Recipient address: the target stands in To where the list has it not."""
        for listed, to, cc in (
            ((Entry("tel:+15145550003", CopyControl.CC),), (BOB,), (CAROL,)),
            ((Entry("tel:+15145550003", CopyControl.TO),), (CAROL, BOB), ()),
            (
                (
                    Entry("tel:+15145550003", CopyControl.TO),
                    Entry("tel:+15145550002", CopyControl.BCC),
                ),
                (CAROL,),
                (),
            ),
            (
                (
                    Entry("tel:+15145550003", CopyControl.CC),
                    Entry("tel:+15145550002", CopyControl.CC),
                ),
                (BOB,),
                (CAROL,),
            ),
        ):
            for _, forward in self.each(source_of(history=listed)):
                self.assertEqual((forward.to, forward.cc), (to, cc), listed)

    def test_very_many(self) -> None:
        """Recipient address: not all of a long list, and always the target."""
        number, mailbox = "tel:+1514555{:04}", "sip:{:0100}@ims.example.org"
        for form, control in (
            (number, CopyControl.TO),
            (number, CopyControl.CC),
            (mailbox, CopyControl.TO),
        ):
            others = tuple(Entry(form.format(3 + n), control) for n in range(300))
            history = (*others, Entry("tel:+15145550002", control))
            for table, forward in self.each(source_of(history=history)):
                shown = (*forward.to, *forward.cc)
                self.assertIn(BOB, shown)
                self.assertLessEqual(sum(map(len, shown)), rules.MOST_SHOWN_OCTETS)
                if form == number:
                    self.assertEqual(len(shown), rules.MOST_SHOWN)
                elif table == 24:
                    self.assertEqual(
                        len(shown), 1 + (rules.MOST_SHOWN_OCTETS - len(BOB)) // 116
                    )

    def test_other_addresses(self) -> None:
        """Recipient address: of messages numbers only, of files all that are shown."""
        history = (
            Entry("tel:+15145550002", CopyControl.TO),
            Entry("sip:dan@ims.example.org", CopyControl.CC),
        )
        for number, forward in self.each(source_of(history=history)):
            wanted = ("dan@ims.example.org",) if number == 24 else ()
            self.assertEqual(forward.cc, wanted, number)

    def test_sender(self) -> None:
        """Sender address: P-Asserted-Identity, without it From."""
        for source in (
            source_of(asserted="tel:+15145550001", sender="tel:+15145550008"),
            source_of(without=frozenset({"P-Asserted-Identity"})),
        ):
            for _, forward in self.each(source):
                self.assertEqual(forward.sender, ALICE)

    def test_content_type(self) -> None:
        """Content type: that of the content."""
        for _, forward in self.each(source_of()):
            self.assertEqual(forward.content_type, "text/plain; charset=utf-8")

    def test_date(self) -> None:
        """Date and time: CPIM DateTime, else Date, else now."""
        date = ("Date", "Thu, 09 Oct 2025 10:00:00 GMT")
        plain = {"body": b"Hello", "body_type": "text/plain"}
        for details, wanted in (
            ({"headers": (date,)}, NOW),
            ({**plain, "headers": (date,)}, 1_760_004_000.0),
            ({**plain, "headers": (("Date", "yesterday"),)}, NOW),
            ({**plain, "headers": (("Date", "x" * 65),)}, NOW),
            ({**plain, "headers": (("Date", "Thu, 01 Jan 1950 00:00:00 GMT"),)}, NOW),
            (plain, NOW),
        ):
            for _, forward in self.each(source_of(**details)):
                self.assertEqual(forward.date, wanted, details)

    def test_stated_date(self) -> None:
        """Date and time: a DateTime of the past stays what it is."""
        source = source_of()
        assert source.message.cpim is not None
        old = [
            (name, "2025-10-09T08:00:00Z" if name == "DateTime" else value)
            for name, value in source.message.cpim.headers
        ]
        cpim = msgspec.structs.replace(source.message.cpim, headers=tuple(old))
        message = msgspec.structs.replace(source.message, cpim=cpim)
        source = msgspec.structs.replace(source, message=message)
        for _, forward in self.each(source):
            self.assertEqual(forward.date, 1_759_996_800.0)

    def test_expiry(self) -> None:
        """Time of Expiry: as the message says, or as policy does; a file has none."""
        policy = Policy(validity_max=3_600, mms=MmsPolicy(time_of_expiry=7_200))
        for expires, seconds in (
            (None, 7_200),
            (60, 60),
            (3_600, 3_600),
            (9_999, 3_600),
        ):
            for number, forward in self.each(source_of(policy, expires=expires)):
                wanted = None if number == 24 else NOW + seconds
                self.assertEqual(forward.expiry, wanted, (number, expires))

    def test_delivery_report(self) -> None:
        """Delivery report: any of the three notifications of delivery."""
        for imdn, wanted in (
            (("positive-delivery",), True),
            (("negative-delivery",), True),
            (("interworking",), True),
            (("display", "processing"), False),
            ((), False),
        ):
            for number, forward in self.each(source_of(imdn=imdn)):
                self.assertIs(forward.delivery_report, wanted, (number, imdn))

    def test_read_reply(self) -> None:
        """Read reply: where "display" is asked for."""
        for imdn, wanted in ((("display",), True), (("interworking",), False)):
            for number, forward in self.each(source_of(imdn=imdn)):
                self.assertIs(forward.read_reply, wanted, number)

    def test_priority(self) -> None:
        """Priority: medium whatever was asked for; a file has none."""
        for number, forward in self.each(source_of(priority="urgent")):
            self.assertEqual(
                forward.priority, None if number == 24 else Priority.NORMAL
            )

    def test_visibility(self) -> None:
        """Sender visibility: set where Privacy is, hidden where it hides."""
        for privacy, wanted in (
            ("", None),
            ("id", True),
            ("header;user", True),
            ("none", False),
        ):
            for number, forward in self.each(source_of(privacy=privacy)):
                self.assertIs(forward.hide, wanted, (number, privacy))
                self.assertEqual(forward.sender, ALICE)

    def test_subject(self) -> None:
        """Subject: only where there is one, as one line; a file has none."""
        stated: tuple[tuple[dict[str, Any], str], ...] = (
            ({}, ""),
            ({"headers": (("Subject", "Grüße"),)}, "Grüße"),
            ({"cpim_headers": (("Subject", "In CPIM"),)}, "In CPIM"),
            ({"cpim_headers": (("Subject", "two\\nlines\\u0007"),)}, "two lines"),
            ({"headers": (("Subject", "x" * 600),)}, "x" * 512),
            ({"headers": (("Subject", "   "),)}, ""),
        )
        for details, wanted in stated:
            for number, forward in self.each(source_of(**details)):
                self.assertEqual(forward.subject, "" if number == 24 else wanted)

    def test_acknowledgement(self) -> None:
        """Acknowledgement Request: always of pager mode, of the others by policy.

        [RCC.10 6.3.1.1.2 difference 2]
        """
        for policy, others in (
            (mms(acknowledgement_request=True), True),
            (mms(acknowledgement_request=False), False),
        ):
            for number, forward in self.each(source_of(policy)):
                self.assertIs(forward.acknowledge, number == 13 or others, number)

    def test_forward_counter(self) -> None:
        """Forward counter: by policy; 0 is none."""
        for counter in (0, 1, 99):
            for number, forward in self.each(source_of(mms(forward_counter=counter))):
                self.assertEqual(forward.forward_counter, counter, number)
        self.assertNotIn("forward_counter", TABLE_13_FORWARD.apply(source_of()))

    def test_own_address(self) -> None:
        """Originator-System-Address and Forward-Route: our own system address."""
        for number, forward in self.each(source_of()):
            self.assertEqual(forward.originator_system, SYSTEM, number)
            self.assertEqual(forward.forward_route, (SYSTEM,), number)


class Answers(SynchronousTestCase):
    def answer(self, policy: Policy | None = None, **details: Any) -> dict[str, Any]:
        """What Table 14 makes of a success."""
        source = AcceptedMms(message_of(**details), ID, policy or Policy())
        return TABLE_14_SIP_ANSWER.apply(source)

    def test_success(self) -> None:
        """Server, response code, identifiers, Message-Context and -Correlator.

        [TS 6.3.1.1.7 A]
        """
        values = self.answer(
            conversation_id="c-1", contribution_id="b-1", in_reply_to="r-1"
        )
        self.assertTrue(values.pop("Server").startswith("IWF-MMS-serv/OMA2.1 "))
        self.assertEqual(
            values,
            {
                "response code": 202,
                "reason phrase": reason_for(202),
                "Content-Length": "0",
                "Conversation-ID": "c-1",
                "Contribution-ID": "b-1",
                "InReplyTo-Contribution-ID": "r-1",
                "Message-Context": "multimedia-message",
                "Message-Correlator": ID,
            },
        )

    def test_by_policy(self) -> None:
        """200 instead of 202, and no correlation."""
        values = self.answer(
            Policy(pager_success_status=200, correlation_headers=False)
        )
        self.assertEqual(values["response code"], 200)
        self.assertNotIn("Message-Context", values)
        self.assertNotIn("Message-Correlator", values)

    def test_copied(self) -> None:
        """What every answer copies of its request has a row all the same."""
        copied = {"Call-ID", "To", "Via", "From", "CSeq"}
        self.assertLessEqual(copied, {*TABLE_14_SIP_ANSWER.names})

    def test_every_status(self) -> None:
        """Each status of MM4 has its answer, those of the TS the one it gives."""
        self.assertEqual({*TABLE_14_STATUS}, {*RequestStatus})
        stated = {
            RequestStatus.OK: 202,
            RequestStatus.UNSPECIFIED: 400,
            RequestStatus.NETWORK_PROBLEM: 400,
            RequestStatus.SERVICE_DENIED: 403,
            RequestStatus.CONTENT_NOT_ACCEPTED: 415,
            RequestStatus.FORMAT_CORRUPT: 415,
        }
        for status, code in stated.items():
            self.assertEqual(TABLE_14_STATUS[status], code, status)
        for code in TABLE_14_STATUS.values():
            self.assertTrue(reason_for(code))

    def test_smtp_status(self) -> None:
        """Every code of SMTP has an answer: 503 for what may go another time."""
        for code in range(200, 600):
            for table in (SMTP_STATUS_OF_MAIL, SMTP_STATUS_OF_RCPT):
                found = table.of(code)
                wanted = {4: (503,), 5: (403, 404, 488)}.get(code // 100, (503,))
                self.assertIn(found, wanted, code)
